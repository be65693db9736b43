"""What is known about models, datasets and services, in both directions; `lading:facts` carries what has no field."""

from collections.abc import Sequence

from msgspec import Struct

from lading.core.component import Component, DatasetFacts, ModelFacts, ServiceFacts
from lading.core.digest import Digest
from lading.formats.cyclonedx import wire
from lading.formats.cyclonedx.parts import Values, from_json, is_reference, rows

_DATA_TYPES = frozenset({"source-code", "configuration", "dataset", "definition", "other"})
_FLOWS = frozenset({"inbound", "outbound", "bi-directional", "unknown"})


class Facts(Struct, omit_defaults=True):
    """The facts about a component that its type or its fields cannot hold."""

    model: ModelFacts | None = None
    dataset: DatasetFacts | None = None
    service: ServiceFacts | None = None


def facts_in(values: Values) -> Facts:
    """What `lading:facts` carries."""
    text = values.first("facts")
    return from_json(text, Facts, "lading:facts") if text else Facts()


# --- models -------------------------------------------------------------------------------------------------------------


def model_card(facts: ModelFacts, datasets: Sequence[str]) -> wire.ModelCard | None:
    """The card of a model trained on datasets, by their references; None when there is nothing to say."""
    parameters = wire.ModelParameters(
        task=facts.task,
        architecture_family=facts.architecture_family,
        model_architecture=facts.architecture,
        datasets=tuple(wire.ComponentData(ref=d) for d in datasets),
        inputs=tuple(map(wire.InputOutput, facts.inputs)),
        outputs=tuple(map(wire.InputOutput, facts.outputs)),
    )
    card = wire.ModelCard(
        model_parameters=parameters if parameters != wire.ModelParameters() else None,
        quantitative_analysis=wire.Quantitative(tuple(wire.Metric(t, v) for t, v in facts.metrics)) if facts.metrics else None,
        considerations=wire.Considerations((facts.limitations,)) if facts.limitations else None,
        properties=(
            *rows("parameters", str(facts.parameters or "")),
            *rows("quantization", facts.quantization),
            *rows("format", facts.format),
            *rows("context-length", str(facts.context_length or "")),
            *rows("language", *facts.languages),
            *rows("chat-template", str(facts.chat_template or "")),
        ),
    )
    return card if card != wire.ModelCard() else None


def model_in(card: wire.ModelCard | None) -> ModelFacts | None:
    """What a card tells; None when it tells nothing that lading knows."""
    if card is None:
        return None
    parameters = card.model_parameters or wire.ModelParameters()
    values = Values(card.properties)
    facts = ModelFacts(
        task=parameters.task,
        architecture=parameters.model_architecture,
        architecture_family=parameters.architecture_family,
        parameters=values.number("parameters"),
        quantization=values.first("quantization"),
        format=values.first("format"),
        context_length=values.number("context-length"),
        languages=tuple(values.all("language")),
        chat_template=_digest(values.first("chat-template")),
        inputs=tuple(i.format for i in parameters.inputs),
        outputs=tuple(o.format for o in parameters.outputs),
        metrics=tuple((m.type, m.value) for m in card.quantitative_analysis.performance_metrics) if card.quantitative_analysis else (),
        limitations="\n".join(card.considerations.technical_limitations) if card.considerations else "",
    )
    return facts if facts != ModelFacts() else None


def _digest(text: str) -> Digest | None:
    try:
        return Digest.parse(text) if text else None
    except ValueError:
        return None


# --- datasets -----------------------------------------------------------------------------------------------------------


def data(one: Component) -> wire.ComponentData:
    """What a dataset holds, who keeps it and where."""
    facts = one.dataset or DatasetFacts()
    contents = wire.Attachment(
        one.url if is_reference(one.url) else "",
        (*rows("records", str(facts.records or "")), *rows("bytes", str(facts.size or "")), *rows("language", *facts.languages)),
    )
    return wire.ComponentData(
        type=facts.content_type if facts.content_type in _DATA_TYPES else "dataset",
        name=one.name,
        contents=contents if contents != wire.Attachment() else None,
        sensitive_data=(facts.sensitive,) if facts.sensitive else (),
        description=one.description,
        governance=wire.Governance((wire.Custodian(wire.Organization(one.supplier)),)) if one.supplier else None,
    )


def dataset_in(found: Sequence[wire.ComponentData]) -> DatasetFacts | None:
    """What the data of a component tell; None when they tell nothing that lading knows."""
    if not found:
        return None
    values = Values(found[0].contents.properties if found[0].contents else ())
    facts = DatasetFacts(
        content_type=found[0].type or "dataset",
        records=values.number("records"),
        size=values.number("bytes"),
        languages=tuple(values.all("language")),
        sensitive="\n".join(found[0].sensitive_data),
    )
    return facts if facts != DatasetFacts() else None


# --- services -----------------------------------------------------------------------------------------------------------


def service(facts: ServiceFacts, row: wire.Service) -> None:
    """Fill in what a service is reached by and what flows to it; a hosted service is beyond the boundary of trust."""
    row.provider = wire.Organization(facts.provider) if facts.provider else None
    row.endpoints = (facts.endpoint,) if is_reference(facts.endpoint) else ()
    row.authenticated = facts.authenticated
    row.trust_boundary = True
    row.data = (wire.ServiceData(facts.data_flow if facts.data_flow in _FLOWS else "unknown", facts.data or "unknown"),)
    row.properties = (*row.properties, *rows("region", facts.region))


def service_in(row: wire.Service, values: Values) -> ServiceFacts | None:
    """What a service is reached by and what flows to it; None when it is not said."""
    if row.provider is None and not row.endpoints and not row.data and row.authenticated is None:
        return None
    flow = row.data[0] if row.data else wire.ServiceData("bi-directional", "unknown")
    return ServiceFacts(
        provider=row.provider.name if row.provider else "",
        endpoint=row.endpoints[0] if row.endpoints else "",
        region=values.first("region"),
        data_flow=flow.flow,
        data="" if flow.classification == "unknown" else flow.classification,
        authenticated=row.authenticated is not False,
    )
