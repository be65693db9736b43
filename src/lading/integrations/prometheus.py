"""The counts of the load gate for Prometheus: `REGISTRY.register(Decisions())`; needs prometheus_client, `lading[prometheus]`."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily

from lading.load.counting import counts


class Decisions:
    """`lading_load_decisions_total` with the label `answer`."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counts of this process, when they are asked for."""
        family = CounterMetricFamily("lading_load_decisions", "Decisions of the load gate.", labels=["answer"])
        for answer, number in counts().items():
            family.add_metric([answer], number)
        yield family
