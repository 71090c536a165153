"""Audit: what still leaks from a finished run, found out by attacking it.

    python -m runners.audit results/runs/<run or sweep>

In: the folder of a run that trained (config.yaml, record.json, model.pt), or of a sweep. Out,
beside each record: audit.json (`runners.audit.files` has its dictionary), audit_roc.png and, of
images, audit_copies.png. An attack is a module that gives scores; `trials` and `epsilon` say what
scores are worth.

| attack | module | after |
|---|---|---|
| membership by loss | `membership` | Yeom et al. 2018 |
| membership by shadow models (LiRA) | `membership`, `shadows` | Carlini et al. 2022 |
| inversion of a dense layer | `dense_layer` | Phong et al. 2017 |
| inversion by gradient matching | `matching` | Zhu et al. 2019, Geiping et al. 2020 |
| tokens from an embedding's gradient | `tokens` | Melis et al. 2019 |
| properties of a partner's data | `properties` | Melis et al. 2019 |
"""
