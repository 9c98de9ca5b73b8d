"""Defaults of options from `lstm-anomaly.toml`: found, checked, and laid over each other.

A table for each command holds its options by their long names, `[fleet.summary]` those of `fleet summary`;
`[profile.NAME.detect]` is laid over `[detect]` when that profile is chosen. The file that is named counts
alone; else the one in the folder where the program runs counts more than the user's own, if nobody else can
have written it.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from lstm_anomaly.base.system import has_access_list, user_id

NAME = "lstm-anomaly.toml"
VARIABLE = "LSTM_ANOMALY_CONFIG"
# A file that merely lies in the folder may come from anybody: it must not start programs.
ONLY_WHEN_NAMED = ("exec",)
# Where such a file says where output goes, that is said.
OUTPUTS = ("checkpoint", "out", "prom-textfile", "report", "scores", "state")


@dataclass
class Defaults:
    """What config files set: the options of each command, and where each was set."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    profiles: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    is_named: bool = False

    def options_of(self, name: str, command: click.Command) -> dict[str, Any]:
        """Values by the names of the command's parameters, and of its own commands by their names.

        Raises click.UsageError for an unknown option or command.
        """
        known = option_names(command)
        out: dict[str, Any] = {}
        if not self.is_named:
            self._warn_of_outputs(name, known)
        for path in self.values:
            if path.startswith(f"{name} "):
                own = path.removeprefix(f"{name} ")
                if not isinstance(command, click.Group) or own not in command.commands:
                    raise click.UsageError(f"{self._place(path)}: there is no command '{path}'.")
                out[own] = self.options_of(path, command.commands[own])
        for option, value in self.values.get(name, {}).items():
            if option not in known:
                import difflib

                near = difflib.get_close_matches(option, known, n=1)
                hint = f" Did you mean '{near[0]}'?" if near else ""
                place = self.places[name, option]
                raise click.UsageError(f"{place}: '{option}' is no option of '{name}'.{hint}")
            out[known[option]] = value
        return out

    def _place(self, command: str) -> str:
        """Where something is said of a command."""
        return next((place for (name, _), place in self.places.items() if name == command), command)

    def _warn_of_outputs(self, name: str, known: dict[str, str]) -> None:
        here = {
            option: value
            for option, value in self.values.get(name, {}).items()
            if (option in OUTPUTS or (name, option) == ("train", "model"))
            and option in known
            and self.places[name, option].startswith(f"{NAME} [")
        }
        if here:
            said = ", ".join(f"{option} = {value!r}" for option, value in here.items())
            self.warnings.append(f"{os.path.abspath(NAME)} says where output goes: {said}")


def option_names(command: click.Command) -> dict[str, str]:
    """The long names of a command's options, without dashes in front, and the parameters that they set."""
    names = {}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            for text in parameter.opts:
                if text.startswith("--"):
                    names[text[2:]] = str(parameter.name)
        else:
            names[str(parameter.name)] = str(parameter.name)
    return names


def read_defaults(named: str | None, profile: str | None) -> Defaults:
    """What the file that was named says, or those that are found. Raises click.UsageError."""
    defaults = Defaults(is_named=named is not None)
    for path in _paths(named):
        if named is None and path == Path(NAME) and (why := _why_not_trusted(path)):
            defaults.warnings.append(
                f"{path.absolute()} is not read: {why}. Try: --config {NAME} if you trust it, or chmod go-w"
            )
            continue
        _add_file(defaults, path, profile, is_named=named is not None or path != Path(NAME))
    if profile is not None and not any(f"[profile.{profile}." in place for place in defaults.places.values()):
        where = ", ".join(defaults.files) or f"no {NAME}"
        raise click.UsageError(f"There is no profile '{profile}' ({where}).")
    return defaults


def _why_not_trusted(path: Path) -> str:
    """Why a file in the current folder may be somebody else's, "" when it is not, or that cannot be told."""
    if (user := user_id()) is None:
        return ""
    real, folder = path.resolve(), path.absolute().parent
    for place, what in ((path, "it"), (real, "it"), (folder, "its folder"), (real.parent, "its folder")):
        status = place.lstat()
        if status.st_uid not in (user, 0):
            return f"{what} belongs to another user"
        is_alone = _is_own_group(status.st_gid) and not has_access_list(place)
        others = stat.S_IWOTH if is_alone else stat.S_IWOTH | stat.S_IWGRP
        if not stat.S_ISLNK(status.st_mode) and status.st_mode & others:
            return f"others may write {what}"
    return ""


def _is_own_group(number: int) -> bool:
    """Whether a group is the caller's own, as many systems give each user one, with nobody else in it."""
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(number)
    except KeyError:
        return False
    is_named_so = number == user.pw_gid and group.gr_name == user.pw_name
    return is_named_so and set(group.gr_mem) <= {user.pw_name}


def _paths(named: str | None) -> list[Path]:
    if named is not None:
        return [Path(named)]
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    found = [Path(home) / "lstm-anomaly" / NAME, Path(NAME)]
    return [path for path in found if path.is_file()]


def _add_file(defaults: Defaults, path: Path, profile: str | None, *, is_named: bool) -> None:
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path}: cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path}: is not valid TOML ({error}).") from error
    defaults.files.append(str(path))
    profiles = content.pop("profile", {})
    defaults.profiles += profiles
    tables = {"": content}
    if profile is not None and profile in profiles:
        tables[f"profile.{profile}."] = profiles[profile]
    for prefix, table in tables.items():
        for command, option, value in _said(table, path):
            name = option.replace("_", "-")
            if name in ONLY_WHEN_NAMED and not is_named:
                raise click.UsageError(f"{path}: '{name}' is allowed only in a file named with --config.")
            defaults.values.setdefault(command, {})[name] = value
            defaults.places[command, name] = f"{path} [{prefix}{command.replace(' ', '.')}]"


def _said(table: dict[str, Any], path: Path) -> Iterator[tuple[str, str, Any]]:
    """Command, option and value of all that a file's tables say; a table within one is of a command's own."""
    for command, options in table.items():
        if not isinstance(options, dict):
            raise click.UsageError(f"{path}: '{command}' must stand in a table such as [detect].")
        for option, value in options.items():
            if isinstance(value, dict):
                yield from ((f"{command} {option}", own, inner) for own, inner in value.items())
            else:
                yield command, option, value
