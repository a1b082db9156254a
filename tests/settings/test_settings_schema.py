"""Every setting is explained, and what is typed for one is understood or refused with a reason."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.settings.config import Config
from console.settings.schema import BY_NAME, SETTINGS
from console.settings.values import default_of, out_of_bounds, understood, written


def test_every_setting_of_the_configuration_is_explained() -> None:
    sections = msgspec.structs.fields(Config)
    names = {f"{s.name}.{f.name}" for s in sections for f in msgspec.structs.fields(s.type)}
    assert names == set(BY_NAME)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_default_is_a_value(setting) -> None:  # type: ignore[no-untyped-def]
    if setting.kind == "table":
        with pytest.raises(ValueError, match="file"):
            understood(setting, "x")
        return
    default = default_of(setting)
    text = written(default) if setting.kind == "switch" else str(default)
    assert understood(setting, text) == default


@given(st.sampled_from([s for s in SETTINGS if s.kind in ("whole", "number")]), st.text(max_size=12))
def test_a_number_is_within_its_bounds_or_refused(setting, text) -> None:  # type: ignore[no-untyped-def]
    try:
        value = understood(setting, text)
    except ValueError as error:
        assert str(error).startswith("This ")
    else:
        assert setting.least <= value <= setting.most


def test_what_is_out_of_bounds_is_named() -> None:
    config = msgspec.convert({"engine": {"context": 3}, "power": {"watts": -1.0}}, Config)
    assert [line.split(":")[0] for line in out_of_bounds(config)] == ["engine.context", "power.watts"]
    assert out_of_bounds(Config()) == []
