"""Import of optional dependencies, with an error that says how to install them."""

from importlib import import_module

__all__ = ["import_extra"]


def import_extra(module, extra, what_for):
    """Return a module of an optional dependency.

    Parameters
    ----------
    module : str
        Name of the module, such as "onnx" or "dask.array".

    extra : str
        Extra of this package that installs the module, such as "onnx".

    what_for : str
        The function or class that needs the module, for the message.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the dependency is not installed. The message has the line that installs it.

    Examples
    --------
    >>> from sk_psd._extras import import_extra
    >>> import_extra("json", "none", "this example").dumps([1])
    '[1]'
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        # A module that is missing inside of an installed package is another problem.
        if error.name is None or error.name.partition(".")[0] != package:
            raise
        raise ImportError(
            f"{what_for} needs {package}, which is not installed. Install it by "
            f'pip install "sk-psd[{extra}]", or from a clone of the repository by '
            f'pip install -c constraints.txt ".[{extra}]".',
            name=error.name,
        ) from error
