import sys
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sim.mode.proxy.federated import Federated
from tests.sim.mode import test_faults_in_all_modes as m
import pytest
for k,kw in {"x":dict(deadline_sim_s=25.0,keep_fraction=1.0),"y":dict(deadline_sim_s=None,keep_fraction=0.5),"z":dict(deadline_sim_s=30.0,keep_fraction=0.75)}.items():
    m.MODES[k]=Federated(local_steps=2,**kw)
@pytest.mark.parametrize("mode",["x","y","z","proxy/federated"])
@settings(max_examples=60,deadline=None,derandomize=True,suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any(simulate,mode,data):
    world=data.draw(st.sampled_from(sorted(m.WORLDS)))
    m.check(m.run(simulate,mode,world,fault=data.draw(m.FAULTS)))
@pytest.mark.parametrize("mode",["x","y","z"])
def test_all(simulate,mode):
    for w in m.WORLDS: m.check(m.run(simulate,mode,w,fault=m.AllFaults()))
