import pytest
from prometheus_client.parser import text_string_to_metric_families

from parvis.edge.metrics import HELP, exposition


def test_prometheus_reads_it() -> None:
    text = exposition('edge "1"\\', dict.fromkeys(HELP, 1234567.5)).decode()
    families = list(text_string_to_metric_families(text))
    assert {
        (sample.name, sample.labels["edge"], sample.value) for family in families for sample in family.samples
    } == {(name, 'edge "1"\\', 1234567.5) for name in HELP}
    assert {family.type for family in families} == {"gauge", "counter"}


def test_a_figure_must_be_explained() -> None:
    with pytest.raises(KeyError):
        exposition("edge-1", {"parvis_edge_surprises": 1.0})
