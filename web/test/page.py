"""The page in a real browser, against what the command line says of the same nets.

usage: page.py CHROMIUM NETC FOLDER [PICTURES]
"""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

from browser import Browser

chromium, netc, folder = sys.argv[1:4]
pictures = Path(sys.argv[4]) if len(sys.argv) > 4 else None
nets = Path("nets")
CTRL = 2


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
threading.Thread(target=server.serve_forever, daemon=True).start()
site = f"http://127.0.0.1:{server.server_port}/"
page = Browser(chromium)


def cli(*args, given=None, codes=(0,)):
    """What netc prints, run beside the nets as the page knows them."""
    done = subprocess.run([Path(netc).resolve(), *args], cwd=nets, input=given, capture_output=True, text=True)
    assert done.returncode in codes, (args, done.stderr)
    return done.stdout


def visit(url):
    page.open("about:blank")
    page.open(url)
    page.wait("document.documentElement?.dataset.ready === ''")


def text(selector):
    return page.run(f"document.querySelector({json.dumps(selector)}).textContent")


def texts(selector):
    return page.run(f"Array.from(document.querySelectorAll({json.dumps(selector)}), (e) => e.textContent)")


def choose(select, value):
    page.run(f"""(() => {{
        const select = document.querySelector({json.dumps(select)});
        select.value = {json.dumps(value)};
        select.dispatchEvent(new Event("change"));
    }})()""")


def click(selector):
    page.run(f"document.querySelector({json.dumps(selector)}).click()")


def source():
    return page.run("document.querySelector('#text').value")


def select(words, after=""):
    """Selects the first occurrence of some words in the text, as a person with a mouse would."""
    page.run(f"""(() => {{
        const field = document.querySelector("#text");
        const at = field.value.indexOf({json.dumps(words)}, field.value.indexOf({json.dumps(after)}));
        if (at < 0) throw new Error("not in the text: " + {json.dumps(words)});
        field.focus();
        field.setSelectionRange(at, at + {len(words)});
    }})()""")


def sound(name):
    page.wait(f"document.querySelector('#verdict').textContent.startsWith({json.dumps(name + ' is sound')})")


def picture(name, whole=False):
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        page.picture(pictures / f"{name}.png", whole)


def every_net_is_as_the_command_line_has_it():
    visit(site)
    sound("resnet9")
    files = sorted(file.relative_to(nets).as_posix() for file in nets.rglob("*.net"))
    offered = page.run("Array.from(document.querySelectorAll('#net option'), (o) => o.value)")
    assert sorted(offered) == sorted([*files, "my.net"]), offered
    checked = [json.loads(line) for line in cli("check", "--format", "json", *files).splitlines()]
    for file, said in zip(files, checked):
        choose("#net", file)
        if said["net"] is None:
            page.wait("document.querySelector('#verdict').textContent.startsWith('sound, blocks alone')")
            continue
        sound(said["net"])
        assert text("#figures strong") == f"{said['params']:,}", file
        drawn = page.run("last.svg")
        assert drawn == cli("draw", file), f"{file} is drawn otherwise"
        assert page.run("document.querySelector('#picture').shadowRoot.querySelectorAll('svg rect').length") > 3
        rows = page.run("Array.from(document.querySelectorAll('#table tbody tr, #table tfoot tr'), "
                        "(r) => Array.from(r.children, (c) => c.textContent))")
        table = cli("check", file).split("\n\n")[1].splitlines()[1:]
        assert rows == [re.split(r"  +", line) for line in table], file
    print(f"{len(files)} nets: parameters, tables and pictures as netc has them")


def a_mistake_is_shown_and_repaired():
    visit(site)
    before = source()
    select("width", after="layer2")
    page.type("widht")
    page.wait("document.querySelectorAll('.problem').length === 1")
    shown = text(".problem pre")
    assert "unknown-name" in shown and "did you mean `width`?" in shown, shown
    assert texts(".wrong") == ["widht"]
    assert "1 error" in text("#verdict")
    took = re.search(r"checked in ([\d.]+) ms", text("#verdict"))
    assert took, text("#verdict")
    assert not page.run("document.querySelector('.stale').hidden")
    picture("mistake")
    page.run("document.querySelector('#text').setSelectionRange(0, 0)")
    page.key("F8", 119)
    chosen = page.run("(() => { const f = document.querySelector('#text');"
                      " return f.value.slice(f.selectionStart, f.selectionEnd) })()")
    assert chosen == "widht", chosen
    click(".why")
    assert page.run("document.querySelector('dialog').open")
    page_of_code = cli("explain", "unknown-name").split("\n\n")[1].replace("`", "")
    assert text("#page-text p").split() == page_of_code.split(), text("#page-text p")
    page.key("Escape", 27)
    page.wait("!document.querySelector('dialog').open")
    click(".fix")
    sound("resnet9")
    assert source() == before
    page.run("document.execCommand('undo')")
    page.wait("document.querySelectorAll('.wrong').length === 1")
    print(f"a mistake is underlined, explained and repaired; checked in {took[1]} ms")


def the_text_is_formatted():
    visit(site + "#net=base.net")
    sound("base")
    select("conv_bn(c) -> maxpool(2)")
    page.type("conv_bn( c )->maxpool( 2 )   # slips")
    sound("base")
    untidy = source()
    page.key("s", 83, CTRL)
    page.wait(f"document.querySelector('#text').value !== {json.dumps(untidy)}")
    assert source() == cli("fmt", "-", given=untidy)
    select("block stage")
    page.key("End", 35)
    page.key("Enter", 13, text="\r")
    assert "{\n    \n" in source(), source()
    print("the text is formatted as netc fmt does it")


def an_import_is_a_text_too():
    visit(site)
    click("#files button:nth-child(2)")
    assert source() == (nets / "lib.net").read_text()
    select("conv_bn -> conv_bn")
    page.type("conv_bn")
    page.wait("document.querySelectorAll('.problem').length === 1")
    assert "expect" in text(".problem pre")
    link = page.wait("location.hash.includes('text=')") and page.run("location.href")
    visit(link)
    assert "conv_bn -> conv_bn" not in page.run("state.texts['lib.net']")
    assert "1 error" in text("#verdict")
    click("#revert")
    sound("resnet9")
    select('"lib.net"')
    page.type('"lbi.net"')
    page.wait("document.querySelector('.problem')?.textContent.includes('did you mean `lib.net`?')")
    print("imports are texts of the page, and a link holds what was changed")


def parameters_are_set():
    visit(site + "#net=extra_l1l2.net")
    sound("extra_l1l2")
    page.run("document.querySelector('#parameters [name=scale]').focus()")
    page.run("document.querySelector('#parameters [name=scale]').select()")
    page.type("0.5")
    page.wait("document.querySelector('#picture').shadowRoot.textContent.includes('0.5')")
    sound("extra_l1l2")
    page.wait("location.hash === '#net=extra_l1l2.net&set=scale=0.5'")
    assert page.run("last.svg") == cli("draw", "extra_l1l2.net", "--set", "scale=0.5")
    print("parameters are set")


def two_nets_are_compared():
    visit(site + "#net=resnet9.net&from=dawnbench.net")
    sound("resnet9")
    assert text("#diff") == cli("diff", "--summary", "dawnbench.net", "resnet9.net", codes=(1,))
    costs = texts("#costs td")
    assert costs[:2] == ["5,205,834", "6,573,120"] and costs[2].startswith("+1,367,286"), costs
    click("#full")
    assert text("#diff") == cli("diff", "dawnbench.net", "resnet9.net", codes=(1,))
    for side in "ab":
        assert page.run(f"document.querySelector('#picture-{side}').shadowRoot.querySelectorAll('svg').length") == 1
    click("#full")
    picture("compare", whole=True)
    choose("#other", "residual_l1l3.net")
    assert text("#unequal") == cli("diff", "residual_l1l3.net", "resnet9.net").strip()
    assert page.run("location.hash").endswith("from=residual_l1l3.net") or page.wait(
        "location.hash.endsWith('from=residual_l1l3.net')")


    visit(site + "#net=resnet9.net&from=base.net")
    sound("resnet9")
    marks = page.run("""["a", "b"].map((side) => Array.from(document.querySelector(`#picture-${side}`).shadowRoot
        .querySelectorAll("text"), (t) => t.textContent).filter((t) => /^[-+~]$/.test(t)).join(""))""")
    assert marks == ["", "+" * 14], marks
    print("two nets are compared as netc diff does it")


def a_text_is_completed():
    visit(site)
    select("residual", after="layer1:")
    page.type("res")
    page.wait("!document.querySelector('#completions').hidden")
    assert "residual" in texts("#completions li span:first-child"), texts("#completions li")
    page.key("Escape", 27)
    assert page.run("document.querySelector('#completions').hidden")
    page.key(" ", 32, CTRL)
    page.wait("!document.querySelector('#completions').hidden")
    picture("completion")
    page.run("assist.choose(assist.items.findIndex((item) => item.label === 'residual'))")
    page.key("Enter", 13)
    assert source() == (nets / "resnet9.net").read_text(), source()
    sound("resnet9")
    page.run("""(() => {
        const field = document.querySelector("#text");
        const { x, y } = editor.pixels(field.value.indexOf("maxpool"));
        const box = field.getBoundingClientRect();
        const at = { clientX: box.x + x + 8, clientY: box.y + y + 5, bubbles: true };
        field.dispatchEvent(new MouseEvent("mousemove", at));
    })()""")
    page.wait("!document.querySelector('#hover').hidden")
    assert "maxpool(k" in text("#hover"), text("#hover")
    picture("hover")
    print("a text is completed, and explained below the mouse")


def domains_are_choices():
    visit(site + "#net=base.net")
    sound("base")
    before = text("#figures strong")
    click("#parameters input[name='res=1']")
    click("#parameters input[name='res=3']")
    page.wait(f"document.querySelector('#figures strong').textContent !== {json.dumps(before)}")
    page.wait("location.hash.includes('set=res=%5B1%2C%203%5D')")
    assert page.run("last.svg") == cli("draw", "base.net", "--set", "res=[1, 3]")
    assert "8 to 1024" in text("#parameters"), text("#parameters")
    picture("domains")
    print("the domains of parameters are choices")


def an_empty_text_is_not_sound():
    visit(site)
    page.run("document.querySelector('#text').focus(); document.querySelector('#text').select();"
             " document.execCommand('delete')")
    page.wait("!document.querySelector('#verdict').textContent.includes('resnet9 is sound')")
    assert "sound" not in text("#verdict"), text("#verdict")
    assert not page.run("document.querySelector('#verdict').classList.contains('good')")
    print("an empty text is not sound")


def hostile_texts_do_no_harm():
    visit(site)
    for words in ["(" * 5000, "{" * 60, "net x { " + "a -> " * 3000, "\0\ufffd\U0001f600 net", "repeat 999999999 { conv(1) }"]:
        page.run("document.querySelector('#text').focus(); document.querySelector('#text').select()")
        page.type(words)
        page.wait("/\\d error/.test(document.querySelector('#verdict').textContent)")
    visit(site + "#net=nowhere.net&set=&text=!!!")
    sound("resnet9")
    visit(site + "#net=resnet9.net&set=width=<img src=x onerror=alert(1)>")
    page.wait("/error/.test(document.querySelector('#verdict').textContent)")
    assert page.run("document.querySelectorAll('img').length") == 0
    print("hostile texts and links do no harm")


def it_fits_a_phone_and_the_dark():
    page.size(390, 844, phone=True)
    page.theme("dark")
    visit(site)
    sound("resnet9")
    wide = page.run("document.documentElement.scrollWidth")
    assert wide <= 390, f"the page is {wide} pixels wide"
    sizes = page.run("Array.from(document.querySelectorAll('button, select'), (e) => e.offsetParent ? e.offsetHeight : 99)")
    assert min(sizes) >= 40, sizes
    picture("phone", whole=True)
    page.size(1440, 960)
    visit(site)
    back = page.run("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", back)[:3])) < 64, back
    picture("dark")
    click("#theme")
    back = page.run("getComputedStyle(document.body).backgroundColor")
    assert min(map(int, re.findall(r"\d+", back)[:3])) > 192, back
    page.run("localStorage.clear()")
    page.theme("light")
    visit(site)
    picture("light")
    print("it fits a phone, and light and dark")


def it_is_used_without_a_mouse():
    visit(site)
    reached = []
    for _ in range(20):
        page.key("Tab", 9)
        reached.append(page.run("document.activeElement.id || document.activeElement.name || document.activeElement.tagName"))
    for name in ("net", "format", "share", "theme", "text", "view", "width", "nodes", "collapse", "picture"):
        assert name in reached, (name, reached)
    unnamed = page.run("""Array.from(document.querySelectorAll("button, select, input, textarea, [tabindex]"))
        .filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)""")
    assert unnamed == [], unnamed
    print("it is used without a mouse")


def it_is_one_file():
    asked = page.run("performance.getEntriesByType('resource').map((e) => e.name)")
    assert [name for name in asked if not name.startswith("data:")] == [], asked
    visit(f"file://{Path(folder).resolve()}/index.html")
    sound("resnet9")
    print("it is one file, from a server or from a disk")


try:
    every_net_is_as_the_command_line_has_it()
    a_mistake_is_shown_and_repaired()
    the_text_is_formatted()
    an_import_is_a_text_too()
    parameters_are_set()
    two_nets_are_compared()
    a_text_is_completed()
    domains_are_choices()
    an_empty_text_is_not_sound()
    hostile_texts_do_no_harm()
    it_fits_a_phone_and_the_dark()
    it_is_used_without_a_mouse()
    it_is_one_file()
    assert page.errors == [], page.errors
finally:
    page.close()
