"""Help that is easy to search: options in groups, the seldom needed ones by `--help-all` only."""

from typing import Any

import click

GROUPS: dict[str, tuple[str, ...]] = {
    "Main": (
        *("--model", "--out", "--onnx", "--labels", "--label-column", "--state", "--every", "--keep"),
        *(
            "--ignore",
            "--group-by",
            "--jobs",
            "--engine",
            "--session",
            "--seed",
            "--allow-missing",
            "--retrain",
        ),
    ),
    "What to learn": (
        *("--all-rows", "--forget"),
        *(
            "--model-kind",
            "--preset",
            "--look-ahead",
            "--horizon",
            "--symbols",
            "--trim",
            "--window",
            "--stride",
        ),
        *(
            "--hidden",
            "--layers",
            "--epochs",
            "--batch-size",
            "--learning-rate",
            "--weight-decay",
            "--patience",
        ),
        *("--max-train-time", "--checkpoint", "--off", "--holidays", "--calendar", "--strict"),
    ),
    "Alarm limit": ("--false-alarms", "--confidence", "--threshold-method", "--threshold"),
    "Events": (
        *(
            "--silent-after",
            "--model-age",
            "--together",
            "--merge-gap",
            "--min-duration",
            "--hysteresis",
            "--direction",
            "--min-deviation",
        ),
        *("--until-above", "--until-below", "--chance", "--level", "--sensors", "--method", "--forecast"),
    ),
    "Unattended runs": (
        *("--follow", "--max-age", "--exec", "--exec-timeout", "--from", "--early", "--snooze", "--wait"),
        *("--on-unknown", "--on-gap", "--rotated", "--prom-textfile", "--maintenance"),
    ),
    "Input format": (
        *(
            "--time",
            "--exclude",
            "--only",
            "--rows",
            "--delimiter",
            "--encoding",
            "--input-format",
            "--datetime-format",
            "--tz",
        ),
        *("--no-header-row", "--header-row", "--skip-lines", "--decimal", "--thousands", "--null-value"),
        *("--strict-time", "--sensor-column", "--value-column", "--bad-values", "--max-bad"),
        *("--resample", "--resample-by", "--max-fill"),
    ),
    "Output": (
        *("--format", "--scores", "--report", "--title", "--plot", "--plot-format", "--write-ignore"),
        *("--excel-safe", "--passthrough", "--exit-zero", "--quiet", "--verbose", "--log-format", "--color"),
        *("--debug", "--help-all", "--help"),
    ),
}
"""Every option of every command, in the order in which help shows them."""

SELDOM = frozenset(
    {
        *("--jobs", "--engine", "--session", "--seed", "--allow-missing", "--checkpoint"),
        *GROUPS["What to learn"][GROUPS["What to learn"].index("--trim") :],
        *("--threshold-method", "--threshold", "--confidence", "--hysteresis", "--chance", "--method"),
        "--silent-after",
        *GROUPS["Unattended runs"][GROUPS["Unattended runs"].index("--exec-timeout") :],
        *GROUPS["Input format"][GROUPS["Input format"].index("--encoding") :],
        *("--excel-safe", "--passthrough", "--exit-zero", "--verbose", "--log-format", "--color", "--debug"),
    }
)
"""Options that `--help` leaves to `--help-all`, where a command has more than `MOST_SHOWN`."""

MOST_SHOWN = 20
_ALL = "lstm_anomaly.help_all"


class GroupedCommand(click.Command):
    """A command whose help shows its options in groups."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's parameters, and `--help-all`, which is shown where `--help` leaves some out."""
        params = super().get_params(ctx)
        show = click.Option(
            ["--help-all"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_all,
            hidden=len(params) <= MOST_SHOWN,
            help="Show all options and exit.",
        )
        return [*params[:-1], show, params[-1]]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups that have options, and how many are not shown."""
        params = {
            long_name(param): param for param in self.get_params(ctx) if isinstance(param, click.Option)
        }
        everything = bool(ctx.meta.get(_ALL)) or params["--help-all"].hidden
        for group, names in GROUPS.items():
            shown = [params[name] for name in names if name in params and (everything or name not in SELDOM)]
            records = [record for param in shown if (record := param.get_help_record(ctx))]
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)
        if not everything:
            left = sum(name in SELDOM for name in params)
            formatter.write_paragraph()
            formatter.write_text(f"{left} more options, which are seldom needed, are shown by --help-all.")


def long_name(param: click.Parameter) -> str:
    """`--delimiter` of `-d, --delimiter`."""
    return next((name for name in param.opts if name.startswith("--")), "")


def _show_all(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        ctx.meta[_ALL] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
