"""timm's networks as one architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo_core.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from torch import nn

#: What a card may set besides bands and outputs: numbers, switches, and names that timm looks
#: up. Everything else of ``create_model`` either reads files (``checkpoint_path`` would load a
#: pickle), fetches them (``pretrained``), or changes what comes out (``features_only``).
OPTIONS = frozenset(
    {
        "act_layer",
        "class_token",
        "drop_path_rate",
        "drop_rate",
        "dynamic_img_pad",
        "dynamic_img_size",
        "global_pool",
        "img_size",
        "init_values",
        "norm_layer",
        "output_stride",
        "pad_type",
        "patch_size",
        "qkv_bias",
        "reg_tokens",
        "strict_img_size",
    }
)


def timm_backbone(
    model: str = "resnet18", num_bands: int = 3, num_outputs: int = 0, **options: Any
) -> nn.Module:
    """An untrained network of timm.

    Parameters
    ----------
    model : str
        timm's name, such as ``resnet18`` or ``convnext_nano``; a tag of weights after a dot
        is allowed and changes nothing.
    num_bands : int
        Channels of the input.
    num_outputs : int
        Outputs of the head; 0 for no head, so that features come out.
    **options
        As timm takes them: ``drop_rate``, ``drop_path_rate``, ``global_pool``, ``img_size``,
        ``output_stride``, ``pad_type``, ``patch_size``; ``act_layer`` and ``norm_layer`` by
        timm's names; and those of transformers alone: ``class_token``, ``dynamic_img_pad``,
        ``dynamic_img_size``, ``init_values``, ``qkv_bias``, ``reg_tokens``,
        ``strict_img_size``.

    Raises
    ------
    UnknownName
        timm has no such network; with the nearest names.
    UsageError
        An option that is not among these.

    Examples
    --------
    >>> network = timm_backbone("resnet18", num_bands=1)
    >>> import torch
    >>> network(torch.zeros(2, 1, 64, 64)).shape
    torch.Size([2, 512])
    """
    import timm

    strange = sorted(set(options) - OPTIONS)
    if strange:
        raise UsageError(
            f"timm networks do not take {', '.join(strange)} here; "
            f"they take {', '.join(sorted(OPTIONS))}."
        )
    check_name(model)
    network: nn.Module = timm.create_model(
        model,
        pretrained=False,
        in_chans=num_bands,
        num_classes=num_outputs,
        **options,
    )
    return network


def check_name(model: str) -> None:
    """Raise ``UnknownName`` unless timm has a network of this name, without its tag.

    timm's own names with a colon, such as ``hf-hub:`` and ``local-dir:``, read files and are
    not names here.
    """
    import timm

    if not timm.is_model(model.partition(".")[0]):
        raise unknown_name("timm network", model, timm.list_models())
