"""The counts of the load gate for OpenTelemetry: `observe(get_meter("app"))`; needs opentelemetry-api, `lading[opentelemetry]`."""

from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from lading.load.counting import counts


def observe(meter: Meter) -> None:
    """Let a meter read `lading.load.decisions`, by the attribute `answer`."""
    meter.create_observable_counter("lading.load.decisions", [_observed], description="Decisions of the load gate.")


def _observed(_: CallbackOptions) -> Iterable[Observation]:
    return [Observation(number, {"answer": answer}) for answer, number in counts().items()]
