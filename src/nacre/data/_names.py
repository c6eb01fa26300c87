"""The names of columns: which are allowed, and which columns are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from nacre.data._blocks import Options
from nacre.errors import IngestError, UnknownFieldError


def checked_names(names: Sequence[str], source: str, options: Options) -> tuple[str, ...]:
    """Return the names of the columns after `rename`, or raise for the first that cannot be used."""
    for name in options.rename:
        if name not in names:
            raise UnknownFieldError(name, available=names)
    new_names = tuple(options.rename.get(name, name) for name in names)
    for position, name in enumerate(new_names, start=1):
        _check_name(name, position, source)
    _check_unique(new_names, source)
    for name in (*(options.fields or ()), *options.dtypes, *([] if options.uid is None else [options.uid])):
        if name not in new_names:
            raise UnknownFieldError(name, available=new_names)
    if options.uid not in (None, "uid") and "uid" in new_names:
        raise IngestError(
            f'{source} has the column `uid` beside `{options.uid}`. Leave `uid="{options.uid}"` out to identify data '
            'points by the column `uid`, or pass `rename={"uid": "..."}` to keep both.'
        )
    return new_names


def selected(names: Sequence[str], options: Options) -> list[str]:
    """Return the columns to read: those asked for, and the keys."""
    if options.fields is None:
        return list(names)
    wanted = {*options.fields, "uid", "row_id", *([] if options.uid is None else [options.uid])}
    return [name for name in names if name in wanted]


def _check_name(name: str, position: int, source: str) -> None:
    if not name.strip():
        raise IngestError(
            f'{source}: column {position} has no name. Name it in the file, or pass `rename={{"{name}": "..."}}`.'
        )
    if "@" in name or (name.startswith("^") and name.endswith("$")):
        raise IngestError(
            f"{source}: the name of column {position}, `{name}`, is not allowed: `@` marks derived columns and `^...$` "
            f'patterns. Rename it in the file, or pass `rename={{"{name}": "..."}}`.'
        )


def _check_unique(names: Sequence[str], source: str) -> None:
    for position, name in enumerate(names):
        first = names.index(name)
        if first < position:
            raise IngestError(
                f"{source}: columns {first + 1} and {position + 1} have the same name, `{name}`. "
                "Rename or remove one of them in the file."
            )


def check_same_names(names: Sequence[str], first_names: Sequence[str], source: str, first: str) -> None:
    """Raise when a further file has other columns than the first."""
    missing = [name for name in first_names if name not in names]
    more = [name for name in names if name not in first_names]
    if missing or more:
        found = " and ".join(
            [f"lacks {', '.join(f'`{name}`' for name in missing)}"] * bool(missing)
            + [f"has {', '.join(f'`{name}`' for name in more)} more"] * bool(more)
        )
        raise IngestError(f"{source} {found} compared with {first}. Import files with the same columns together.")
