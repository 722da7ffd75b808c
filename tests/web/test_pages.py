"""Every page as a browser without scripts gets it: addresses, languages, headers, refusals."""

from __future__ import annotations

import gzip
import json
import logging
import re
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from hub.web.app import create_app
from hub.web.frontend import FRONTEND
from hub.web.navigation import ADDRESSES, EXISTING
from hub.web.route import Route
from hub.web.routes import ROUTES, UndeclaredAction, add_routes
from hub.web.security import POLICY, knows_host
from web.plant import Plant

HTML = {"Accept": "text/html"}


def pages() -> list[str]:
    """The address of every page that exists, for the demo project and its incomer."""
    paths = {route.path for route in ROUTES}
    names = [name for name, path in ADDRESSES.items() if path in paths and name != "stream"]
    return [ADDRESSES[name].format(project="demo", device="incomer") for name in names]


@pytest.mark.parametrize("path", pages())
async def test_a_page_comes_whole_in_both_languages(client: aiohttp.ClientSession, path: str) -> None:
    for tag, word in (("en", "Skip to content"), ("zh-CN", "跳到正文")):
        async with client.get(path, params={"lang": tag}) as answer:
            text = await answer.text()
            assert answer.status == 200, text[:500]
        assert f'<html lang="{tag}"' in text
        assert word in text
        assert text.count("<h1") == 1
        assert text.rstrip().endswith("</html>")


@pytest.mark.parametrize("path", pages())
async def test_a_page_keeps_the_budget_of_60_kilobytes(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert len(await answer.read()) <= 60 * 1024


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_full_list_of_fifty_devices_keeps_the_budget(tmp_path: Path, language: str) -> None:
    plant = Plant(tmp_path, meters=60)
    await plant.start()
    plant.report()
    async with aiohttp.ClientSession(plant.url) as client:
        for path in ("/p/demo/devices", "/p/demo/live"):
            async with client.get(path, params={"lang": language}) as answer:
                assert len(await answer.read()) <= 60 * 1024, path
    await plant.close()


@pytest.mark.parametrize("path", [*pages(), "/healthz", "/static/hub.css", "/nowhere", "/p/demo/ui/stream?page=quiet"])
async def test_every_answer_carries_the_strict_policy(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "aiohttp" not in answer.headers["Server"]
    assert "unsafe" not in POLICY


@pytest.mark.parametrize("path", pages())
async def test_no_page_holds_script_style_or_handlers_of_its_own(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        text = await answer.text()
    scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", text)
    assert not scripts
    assert "<style" not in text
    assert not re.search(r"""\s(?:style|on[a-z]+|hx-on[:a-z-]*)=["']""", text)


async def test_the_front_door_leads_to_the_first_page_of_the_first_project(client: aiohttp.ClientSession) -> None:
    async with client.get("/", allow_redirects=False) as answer:
        assert answer.status == 302
        assert answer.headers["Location"].startswith("/p/demo/")
    async with client.get("/") as answer:
        assert answer.status == 200


async def test_the_front_door_leads_to_the_system_page_when_there_is_no_project(
    plant: Plant, client: aiohttp.ClientSession
) -> None:
    plant.configuration.projects.clear()
    async with client.get("/", headers=HTML) as answer:
        assert answer.status == 200
        assert answer.url.path == ADDRESSES["health"]


async def test_the_hub_is_ready_while_history_works(client: aiohttp.ClientSession) -> None:
    async with client.get("/readyz") as answer:
        assert (answer.status, (await answer.json())["status"]) == (200, "ready")


async def test_readiness_tells_what_troubles_the_history(full_disk: Plant) -> None:
    async with aiohttp.ClientSession(full_disk.url) as client:
        async with client.get("/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["history"] == full_disk.history.trouble
        async with client.get("/healthz") as answer:
            assert answer.status == 200


@pytest.mark.parametrize("path", ["/p/nowhere/devices", "/p/demo/devices/nobody", "/p/demo/nothing", "/nowhere"])
async def test_what_does_not_exist_is_a_page_for_people_and_a_problem_for_programs(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path, headers=HTML) as answer:
        assert answer.status == 404
        assert answer.content_type == "text/html"
        assert answer.headers["X-Request-Id"] in await answer.text()
    async with client.get(path, headers={"Accept": "application/json"}) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["status"] == 404


async def test_the_name_of_a_missing_thing_is_not_shown_as_markup(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/devices", params={"q": "<img src=x>"}, headers=HTML) as answer:
        text = await answer.text()
    assert "<img" not in text
    assert "&lt;img" in text


async def test_a_fault_in_a_page_gives_a_number_that_stands_in_the_log(
    plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise ZeroDivisionError("a page of this test")

    app = create_app(plant.services)
    add_routes(app.router, [Route("GET", "/broken", broken, "view:test")])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        with caplog.at_level(logging.ERROR):
            async with (
                aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as session,
                session.get("/broken", headers=HTML) as answer,
            ):
                text = await answer.text()
    finally:
        await runner.cleanup()
    assert answer.status == 500
    assert "ZeroDivisionError" not in text
    assert answer.headers["X-Request-Id"] in text
    assert answer.headers["X-Request-Id"] in caplog.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", ""])
async def test_a_foreign_host_is_turned_away(client: aiohttp.ClientSession, host: str) -> None:
    async with client.get("/healthz", headers={"Host": host}) as answer:
        assert answer.status in (400, 421)


def test_the_loopback_is_known_under_all_its_names() -> None:
    for header in ("localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "[::1]", "LOCALHOST:80"):
        assert knows_host(header, "127.0.0.1")
    assert knows_host("127.0.0.2:8080", "127.0.0.2")


def test_a_route_that_declares_no_action_stops_the_start() -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response()

    with pytest.raises(UndeclaredAction, match="GET /secret declares no action"):
        add_routes(web.UrlDispatcher(), [Route("GET", "/secret", page, "")])


def test_no_route_reaches_the_application_but_by_the_table(plant_app: web.Application) -> None:
    paths = {resource.canonical for resource in plant_app.router.resources()}
    assert paths == {route.path.replace(":.+", "") for route in ROUTES}


@pytest.fixture
def plant_app(plant: Plant) -> web.Application:
    return create_app(plant.services)


async def test_the_navigation_links_only_to_pages_that_exist(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/devices") as answer:
        text = await answer.text()
    links = set(re.findall(r'href="(/(?:p|admin)/[^"?]*)"', text))
    assert len(links) >= 3
    for link in links:
        async with client.get(link) as answer:
            assert answer.status == 200, link


async def test_a_project_that_is_gone_leaves_the_navigation(plant_app: web.Application) -> None:
    assert ADDRESSES["devices"] in plant_app[EXISTING]
    assert "/p/{project}/alarms" not in plant_app[EXISTING]


async def test_the_language_follows_query_then_cookie_then_browser(client: aiohttp.ClientSession) -> None:
    async def language(headers: dict[str, str], path: str = "/admin/health") -> str:
        async with client.get(path, headers=headers) as answer:
            found = re.search(r'<html lang="([^"]+)"', await answer.text())
            assert found
            return found[1]

    assert await language({}) == "en"
    assert await language({"Accept-Language": "zh-TW,zh;q=0.9,en;q=0.8"}) == "zh-CN"
    assert await language({"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}) == "en"
    assert await language({"Accept-Language": "nonsense;q=x, ;;"}) == "en"
    assert await language({"Accept-Language": "zh", "Cookie": "lang=en"}) == "en"
    assert await language({"Cookie": "lang=xx"}) == "en"
    assert await language({"Cookie": "lang=en"}, "/admin/health?lang=zh-CN") == "zh-CN"


async def test_language_and_theme_are_remembered(client: aiohttp.ClientSession) -> None:
    async with client.get("/admin/health?lang=zh-CN&theme=dark") as answer:
        assert 'data-theme="dark"' in await answer.text()
    async with client.get("/admin/health") as answer:
        text = await answer.text()
    assert '<html lang="zh-CN" data-theme="dark"' in text


async def test_the_switches_keep_the_view(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/devices?q=press&show=trouble&theme=dark") as answer:
        text = await answer.text()
    assert 'href="/p/demo/devices?q=press&amp;show=trouble&amp;lang=zh-CN"' in text
    assert 'href="/p/demo/devices?q=press&amp;show=trouble&amp;theme=light"' in text


async def test_another_project_is_one_link_away(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/devices/incomer") as answer:
        assert 'href="/p/steel/devices"' in await answer.text()
    async with client.get("/p/steel/devices") as answer:
        text = await answer.text()
    assert "Furnace" in text
    assert "Incomer" not in text


async def test_a_static_file_is_kept_for_ever_under_the_address_of_its_content(
    plant_app: web.Application, client: aiohttp.ClientSession
) -> None:
    address = plant_app[FRONTEND].address("hub.js")
    async with client.get(address) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.content_type == "text/javascript"
        etag = answer.headers["ETag"]
    async with client.get("/static/hub.js?v=old") as answer:
        assert answer.headers["Cache-Control"] == "no-cache"
    async with client.get("/static/hub.js", headers={"If-None-Match": etag}) as answer:
        assert answer.status == 304


@pytest.mark.parametrize("path", ["/static/../pyproject.toml", "/static/%2e%2e/locales/x", "/static//etc/passwd"])
async def test_nothing_outside_the_static_folder_is_served(client: aiohttp.ClientSession, path: str) -> None:
    async with client.get(path) as answer:
        assert answer.status == 404


async def test_scripts_and_styles_keep_their_budgets(plant_app: web.Application) -> None:
    folder = plant_app[FRONTEND].folder / "static"
    ours = [file for file in folder.rglob("*") if "vendor" not in file.relative_to(folder).parts]
    assert sum(file.stat().st_size for file in ours if file.suffix == ".css") <= 30 * 1024
    assert sum(file.stat().st_size for file in ours if file.suffix == ".js") <= 20 * 1024


async def test_the_first_load_without_charts_is_at_most_90_kilobytes_packed(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/devices") as answer:
        page = await answer.read()
    files = set(re.findall(rb'(?:href|src)="(/static/[^"#]+)', page))
    sizes = [len(gzip.compress(page))]
    for file in files:
        async with client.get(file.decode()) as answer:
            content = await answer.read()
            sizes.append(len(content) if file.endswith(b".woff2") else len(gzip.compress(content)))
    assert len(files) >= 6
    assert sum(sizes) <= 90 * 1024


async def test_a_filter_asks_for_its_part_of_the_page_alone(client: aiohttp.ClientSession) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    async with client.get("/p/demo/devices?q=press_2", headers=headers) as answer:
        text = await answer.text()
    assert "<html" not in text
    assert text.count('id="devices"') == 1
    assert "Press 2" in text
    assert "Press 3" not in text
    assert 'hx-sse:connect="/p/demo/ui/stream?page=devices&amp;q=press_2"' in text
    assert 'hx-swap-oob="true"' in text


async def test_json_in_attributes_survives_escaping(client: aiohttp.ClientSession) -> None:
    async with client.get("/p/demo/devices") as answer:
        found = re.search(r'data-states="([^"]+)"', await answer.text())
    assert found
    states = json.loads(found[1].replace("&#34;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert states["answering"][0] == "ok"
