"""Shell text is split as a shell would, nothing is run, and every word knows its line."""

import time

from hypothesis import given
from hypothesis import strategies as st

from lading.syntax.shell import Command, commands, heredocs


def texts(text: str, known: dict[str, str] | None = None) -> list[str]:
    return [" ".join(w.text for w in c.words) for c in commands(text, known)]


def test_variables_are_filled_outside_single_quotes() -> None:
    assert texts("A=x/y\nrun $A \"in $A\" 'not $A' $B")[1:] == ["run x/y in x/y not $A $B"]


def test_a_default_is_what_an_unset_variable_stands_for() -> None:
    assert texts('run ${1:-a/b} "${X:-"c"}" ${Y-$Z}') == ["run a/b c $Z"]


def test_a_word_that_is_a_variable_knows_the_line_of_the_literal() -> None:
    run = commands("A=x/y\n\nrun $A")[-1]
    assert [(w.text, w.line, w.literal) for w in run.words] == [("run", 2, -1), ("x/y", 2, 0)]


def test_a_loop_and_a_list_give_one_command_for_each_value() -> None:
    assert texts("for m in a/b c/d; do get $m; done")[1:] == ["get a/b", "get c/d"]
    assert texts('L=("a/b"\n c/d)\nfor m in "${L[@]}"; do get $m; done')[-2:] == ["get a/b", "get c/d"]


def test_branches_of_a_condition_are_alternatives() -> None:
    assert texts("if t; then N=a; else N=b; fi; get $N")[-2:] == ["get a", "get b"]


def test_a_later_assignment_replaces_an_earlier_one() -> None:
    assert texts("N=a\nN=b\nget $N")[-1] == "get b"


def feeds(text: str) -> list[str]:
    return [c.feeds for c in commands(text) if c.name == "curl"]


def test_what_runs_a_download_is_known() -> None:
    assert feeds("curl -s u | sudo -E bash -s -- x") == ["bash"]
    assert feeds("bash <(curl -s u)") == ["bash"]
    assert feeds('sh -c "$(curl -fsSL u)"') == ["sh"]
    assert feeds("curl -s u > file") == [""]


def test_scripts_within_scripts_are_read() -> None:
    assert texts("bash -c 'get a && get b'")[1:] == ["get a", "get b"]
    assert texts('echo "$(get a)"')[1:] == ["get a"]


def test_documents_are_no_commands() -> None:
    text = "cat <<EOF > out\nget nothing\nEOF\nget b"
    assert texts(text) == ["cat", "get b"]
    assert [(d.given_to, d.text, d.line) for d in heredocs(text)] == [(("cat",), "get nothing\n", 1)]


def test_comments_continuations_and_redirections() -> None:
    assert texts("get a \\\n  b # c\nget d>out 2>&1 e#f") == ["get a b", "get d e#f"]
    assert commands("get a \\\n  b")[0].words[2].line == 1


def test_the_program_is_named_without_its_folder() -> None:
    assert commands("/usr/bin/get a")[0].name == "get"
    assert not Command().name


@given(st.text(alphabet="ab$'\"`(){}<>|&;\\\n =[]@-#:", max_size=80))
def test_any_text_is_read(text: str) -> None:
    commands(text)


def test_hostile_text_costs_no_more_than_its_length() -> None:
    start = time.process_time()
    for text in (
        "\"'" * 20_000,
        "$(" * 20_000,
        "A=xx\n" + "A=$A$A\n" * 5_000,
        "\n" * 50_000 + "cat <<E\n" + "\n" * 50_000,
        "(" * 50_000,
        "${" * 20_000,
    ):
        commands(text)
    assert time.process_time() - start < 20
