"""Owns what kinds of inputs models need, and the words that refuse others.

A message begins with `model=<name>`; the path in front of it is the task's.
"""

from runners.model import Form


def need_numbers(model: str, form: Form) -> None:
    """Raise ValueError for tokens, which are no numbers to calculate with."""
    if form.vocabulary is not None or form.per_token:
        raise ValueError(
            f"model={model} needs vectors or images, got tokens; try model@task.model=text_cnn"
        )


def need_images(model: str, form: Form) -> None:
    """Raise ValueError unless a sample has channels, height and width."""
    need_numbers(model, form)
    if len(form.inputs) != 3:
        raise ValueError(
            f"model={model} needs images of shape (channels, height, width), got inputs of shape "
            f"{form.inputs}; try model@task.model=mlp"
        )


def need_text(model: str, form: Form) -> None:
    """Raise ValueError unless inputs are tokens, and one thing is to be said of all of them."""
    if form.vocabulary is None or len(form.inputs) != 1:
        raise ValueError(
            f"model={model} needs tokens, got inputs of shape {form.inputs}; "
            "try model@task.model=mlp"
        )
    if form.per_token:
        raise ValueError(
            f"model={model} says one thing of all tokens, got data that ask for the next one; "
            "try model@task.model=gpt"
        )


def need_next_tokens(model: str, form: Form) -> None:
    """Raise ValueError unless inputs are tokens, and the next one is asked for."""
    if form.vocabulary is None or not form.per_token:
        raise ValueError(
            f"model={model} needs data that ask for the next token, such as data=stdlib, got "
            f"inputs of shape {form.inputs}; try model@task.model=text_cnn for texts, or mlp"
        )
