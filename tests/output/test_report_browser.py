"""The report as a browser shows it: nothing from outside, no errors, no scripts but its own; zoom, filter."""

import csv
import io

import numpy as np
import pytest
from browser import chromium, complaints_of, needs_browser, requests_of
from click.testing import CliRunner
from conftest import QUICK, csv_text, normal_values

from lstm_anomaly.commands.frame.app import app

pytestmark = needs_browser()

HOSTILE = (
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    '<a href="javascript:alert(1)">%{x}</a> \u202e & $x$',
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """report.html on data with three faults whose sensors have hostile names, and its events as CSV."""
    where = tmp_path_factory.mktemp("report")

    def write(name, values, start):
        names = io.StringIO()
        csv.writer(names, lineterminator="").writerow(["time", *HOSTILE])
        lines = csv_text(values, start=start).splitlines()
        (where / name).write_text("\n".join([names.getvalue(), *lines[1:]]) + "\n", encoding="utf-8")

    write("normal.csv", normal_values(900), "2024-03-01T00:00")
    new = normal_values(900, seed=1)
    new[120:140, 0] += 6
    new[400:460, 1] -= 1
    new[800:803, 2] += 30
    write("<b>new.csv", new, "2024-03-05T00:00")
    model = ["--model", str(where / "pump.model")]
    for args in (
        ["train", str(where / "normal.csv"), *model, *QUICK, "--threshold", "3"],
        ["report", str(where / "<b>new.csv"), *model, "--out", str(where / "report.html")],
    ):
        result = CliRunner().invoke(app, args)
        assert result.exit_code == 0, result.output
    found = CliRunner().invoke(app, ["detect", str(where / "<b>new.csv"), *model, "--format", "csv"])
    (where / "events.csv").write_text(found.stdout)
    return where


@pytest.fixture(scope="module")
def driver():
    with chromium() as driver:
        yield driver


@pytest.fixture
def page(driver, folder):
    """The report, just opened, with its first chart drawn."""
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    show(driver, "light")
    requests_of(driver), complaints_of(driver)
    driver.get((folder / "report.html").as_uri())
    _wait(driver, "return Boolean(document.querySelector('[data-chart=overview] .main-svg'))")
    return driver


def show(driver, scheme):
    """Ask for dark or light, and for no motion, on which a click could miss."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
    asked = [{"name": name, "value": value} for name, value in features.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": asked})


def _wait(driver, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 60, poll_frequency=0.1).until(lambda d: d.execute_script(condition))


def see_all(driver):
    """Draw every chart, as reading down to the end does."""
    driver.execute_script("document.querySelectorAll('[data-chart]').forEach((place) => draw(place))")


def texts(driver, selector):
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].filter((e) => !e.closest('[hidden]'))"
        ".map((e) => e.textContent)",
        selector,
    )


def span(driver, chart):
    return driver.execute_script(
        "const place = document.querySelector(`[data-chart=${arguments[0]}]`);"
        "return place._fullLayout.xaxis.range.map((t) => Date.parse(t))",
        chart,
    )


def test_nothing_is_asked_of_a_network_and_the_console_stays_empty(page, folder):
    see_all(page)
    assert complaints_of(page) == []
    assert requests_of(page) == [(folder / "report.html").as_uri()]


def test_links_lead_to_their_section_before_all_charts_are_drawn(page):
    """Charts are drawn as they come into view; a heading stays where it was when they are."""
    places = "return [...document.querySelectorAll('h2, h3')].map((e) => Math.round(e.offsetTop))"
    before = page.execute_script(places)
    see_all(page)
    assert page.execute_script(places) == pytest.approx(before, abs=3)


def test_events_listed_are_the_events_detected(page, folder):
    detected = list(csv.DictReader(io.StringIO((folder / "events.csv").read_text(encoding="utf-8"))))
    assert len(detected) >= 3
    assert texts(page, "#events tbody td:nth-child(5)") == [event["start"] for event in detected]
    assert len(texts(page, "section.event")) == len(detected)
    links = page.execute_script("return [...document.querySelectorAll('#events td a')].map((a) => a.hash)")
    assert links == [f"#event-{k}" for k in range(1, len(detected) + 1)]
    assert page.execute_script("return arguments[0].every((h) => document.querySelector(h))", links)


def test_hostile_names_are_shown_as_text_and_no_script_of_theirs_runs(page):
    see_all(page)
    assert page.title.startswith("Report on ")
    assert "<b>new.csv" in page.title
    assert HOSTILE[0] in texts(page, "#events tbody td:nth-child(4)")
    assert texts(page, "#overview option") == [name.replace("\u202e", "\\u202e") for name in HOSTILE]
    assert page.execute_script("return document.querySelectorAll('img, a[href^=javascript]').length") == 0
    drawn = "".join(texts(page, ".chart .annotation-text"))
    assert HOSTILE[0] in drawn
    assert page.execute_script("return document.querySelectorAll('script').length") == 3


def test_the_policy_lets_no_other_script_run(page):
    page.execute_script(
        "const script = document.createElement('script');"
        "script.textContent = 'window.taken = 1'; document.body.append(script)"
    )
    assert page.execute_script("return window.taken") is None
    assert any("Content Security Policy" in line for line in complaints_of(page))


def test_buttons_and_keys_zoom_and_pan_and_show_all(page):
    from selenium.webdriver.common.keys import Keys

    whole = span(page, "overview")
    page.find_element("css selector", "[data-for=overview] [data-move=in]").click()
    closer = span(page, "overview")
    assert closer[1] - closer[0] == pytest.approx((whole[1] - whole[0]) / 2, rel=1e-3)
    chart = page.find_element("css selector", "[data-chart=overview]")
    chart.send_keys(Keys.ARROW_RIGHT)
    assert span(page, "overview")[0] > closer[0]
    chart.send_keys("0")
    assert span(page, "overview") == whole


def test_dragging_over_a_chart_zooms_into_it(page):
    from selenium.webdriver.common.action_chains import ActionChains

    whole = span(page, "overview")
    plot = page.find_element("css selector", "[data-chart=overview] .nsewdrag")
    ActionChains(page).move_to_element(plot).click_and_hold().move_by_offset(120, 0).release().perform()
    closer = span(page, "overview")
    assert 0 < closer[1] - closer[0] < (whole[1] - whole[0]) / 4


def test_choosing_another_sensor_draws_it_and_keeps_the_zoom(page):
    page.find_element("css selector", "[data-for=overview] [data-move=in]").click()
    closer = span(page, "overview")
    page.find_elements("css selector", "#overview option")[2].click()
    assert "%{x}" in texts(page, "[data-chart=overview] .annotation-text")[-1]
    assert span(page, "overview") == pytest.approx(closer, abs=1)


def test_the_table_sorts_as_numbers_and_filters(page):
    score = page.find_element("css selector", "#events th:nth-child(3) button")
    score.click()
    shown = [float(text) for text in texts(page, "#events tbody td:nth-child(3)")]
    assert shown == sorted(shown)
    score.click()
    assert [float(text) for text in texts(page, "#events tbody td:nth-child(3)")] == shown[::-1]
    page.find_element("css selector", "[data-filter=events]").send_keys("onerror")
    left = texts(page, "#events tbody td:nth-child(4)")
    assert 0 < len(left) < len(shown)
    assert set(left) == {HOSTILE[1]}
    assert texts(page, "[data-count=events]") == [f"{len(left)} of {len(shown)} shown"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1200])
def test_pages_fit_their_screen_and_text_stands_out_from_the_ground(page, width, scheme):
    show(page, scheme)
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.refresh()
    see_all(page)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    colours = page.execute_script(
        "const of = (s) => getComputedStyle(document.querySelector(s));"
        "return [of('body').backgroundColor, of('body').color, of('header p').color, of('.legendtext').fill]"
    )
    ground, *inks = (luminance(colour) for colour in colours)
    for ink in inks:
        assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5  # WCAG's contrast for text
    assert (ground < 0.2) == (scheme == "dark")


def luminance(colour):
    """Relative luminance of `rgb(1, 2, 3)`, as WCAG defines it."""
    channels = np.array([float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_paper_gets_every_chart_in_ink(page):
    show(page, "dark")
    page.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    drawn = page.execute_script(
        "return [...document.querySelectorAll('[data-chart]')].map((p) => p.layout && p.layout.font.color)"
    )
    assert set(drawn) == {"#000000"}
