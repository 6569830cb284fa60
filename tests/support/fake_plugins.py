"""Plugins made of a few files, as an installer would have left them."""

import json
import textwrap

MANIFEST = """
api = 1
name = "{name}"
summary = "A fake"
hook_module = "{package}"
hooks = {hooks}

[[architectures]]
name = "{name}-net"
target = "{package}:make"
summary = "Makes a word"
"""

CODE = """
def make():
    return "made by {name}"
"""


class Site:
    """A folder on the path in which plugins are installed."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def install(
        self,
        name,
        *,
        manifest=MANIFEST,
        code=CODE,
        hooks=(),
        value=None,
        version="1.2",
        dist=None,
    ):
        """Install a plugin; ``manifest`` or ``code`` None leaves its file out.

        The texts may use ``{name}`` and ``{package}``, the manifest also ``{hooks}``.
        """
        package = f"fake_{name.replace('-', '_')}"
        dist = dist or f"zoo-{name}"
        names = {"name": name, "package": package, "hooks": json.dumps(list(hooks))}
        if code is not None:
            (self.folder / package).mkdir(exist_ok=True)
            text = textwrap.dedent(code).replace("{name}", name)
            (self.folder / package / "__init__.py").write_text(text)
            if manifest is not None:
                text = manifest.format(**names)
                (self.folder / package / "zoo.toml").write_text(text, encoding="utf-8")
        info = self.folder / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n\nVersion: 9\n"
        )
        value = value or f"{package}:zoo.toml"
        (info / "entry_points.txt").write_text(f"[astrozoo.plugins]\n{name} = {value}\n")
        return package
