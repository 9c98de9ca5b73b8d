"""Do two things at once within one process: for pieces of work too short to be worth a fork each."""

from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def run_both(here: Callable[[], None], beside: Callable[[], None], apart: bool) -> None:
    """Do both; `beside` in a thread of its own if they are to be worked on apart.

    NumPy lets other threads run while it works on more than some hundred values. A fork costs more here: the
    pages that both processes write are copied, once for each piece of rows. Returns when both are done, and
    raises what either raised.
    """
    if not apart:
        here()
        beside()
        return
    errors: list[BaseException] = []
    context = copy_context()  # in which NumPy keeps what it warns of

    def work() -> None:
        try:
            context.run(beside)
        except BaseException as error:  # raised again below, in the thread that called
            errors.append(error)

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        here()
    finally:
        thread.join()
    if errors:
        raise errors[0]


def made_ahead(make: Callable[[Item], Made], items: Sequence[Item], apart: bool) -> Iterator[Made]:
    """What `make` makes of each item, one after the other: the next one while the caller works on the last.

    In a thread of its own, if they are to be worked on apart. An error comes where its item would have come.
    """
    if not apart:
        yield from map(make, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # loaded for long input only

    with ThreadPoolExecutor(1) as thread:
        ahead = thread.submit(copy_context().run, make, items[0])
        for item in items[1:]:
            made = ahead.result()
            ahead = thread.submit(copy_context().run, make, item)
            yield made
        yield ahead.result()
