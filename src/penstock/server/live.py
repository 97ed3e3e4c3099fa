"""The live socket and the stream of server-sent events: what the hub publishes, on its way to one client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from penstock.config.decoding import json_decoder
from penstock.model.errors import MessageInvalidError
from penstock.server.hub import BATCH_SECONDS, Hub, Listener, encode

MOST_TOPICS = 64
"""Topics that one client may hear at once; a page needs three."""

MOST_LETTERS = 1000
"""Of a topic's name."""
_KINDS = frozenset({"project", "pipeline", "run", "logs"})

KEEP_ALIVE_SECONDS = 15.0


class Subscribe(msgspec.Struct, tag_field="op", tag="subscribe", frozen=True):
    """Hear a topic, from the event after `since` of the server run `epoch` on."""

    topic: str
    since: int | None = None
    epoch: str | None = None


class Unsubscribe(msgspec.Struct, tag_field="op", tag="unsubscribe", frozen=True):
    """Hear it no longer."""

    topic: str


_decode = json_decoder(Subscribe | Unsubscribe).decode


def take_request(listener: Listener, text: str | bytes) -> None:
    """Do what a client asks for.

    Raises:
        MessageInvalidError: it is not a request, or one too many.
    """
    try:
        request = _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MessageInvalidError(f"reading a request of the live socket: {error}") from None
    if isinstance(request, Unsubscribe):
        listener.unsubscribe(request.topic)
        return
    if request.topic.partition(":")[0] not in _KINDS or len(request.topic) > MOST_LETTERS:
        raise MessageInvalidError(f"subscribing to {request.topic[:60]!r}: there is no such topic")
    if len(listener.topics) >= MOST_TOPICS and request.topic not in listener.topics:
        raise MessageInvalidError(f"subscribing to {request.topic}: {MOST_TOPICS} topics are heard already")
    listener.subscribe(request.topic, since=request.since, epoch=request.epoch)


def hello(hub: Hub) -> bytes:
    """What a client is told first: which run of the server this is, and the number of its newest event."""
    return encode({"hello": {"epoch": hub.epoch, "seq": hub.seq}})


async def send_frames(listener: Listener, send: Callable[[bytes], Awaitable[None]]) -> None:
    """Send what the listener hears, until cancelled: what is calm in batches, all else at once."""
    loop = asyncio.get_running_loop()
    last = 0.0
    while True:
        await listener.wait(last + BATCH_SECONDS - loop.time())
        for frame in listener.take():
            await send(frame.encode())
        last = loop.time()


async def serve(
    hub: Hub, receive: Callable[[], Awaitable[str | bytes]], send: Callable[[bytes], Awaitable[None]]
) -> None:
    """One client's socket, from its first request to its end.

    Args:
        hub: what is heard.
        receive: the next message; raises when the client has gone.
        send: sends a message; waits while the client is slow, and raises when it has gone.

    Raises:
        MessageInvalidError: the client asked for something that is no request.
    """
    listener = hub.listen()
    await send(hello(hub))
    sending = asyncio.create_task(send_frames(listener, send))
    tasks: list[asyncio.Future[Any]] = [sending]
    try:
        while not sending.done():
            receiving = asyncio.ensure_future(receive())
            tasks = [sending, receiving]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not receiving.done():
                break
            take_request(listener, receiving.result())
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        # Whatever they ended with has been told, or is that the client has gone.
        await asyncio.gather(*tasks, return_exceptions=True)


async def stream_run(
    hub: Hub, run: str, since: int | None, ended: Callable[[], Awaitable[dict[str, Any] | None]]
) -> AsyncIterator[bytes]:
    """The events of one run as server-sent events, until the run has ended.

    Args:
        hub: what is heard.
        run: its name.
        since: the number of the last event that the client has.
        ended: looks whether the run has ended already, and gives its last event then.
    """
    listener = hub.listen()
    # Heard before it is looked at: an end in between is told by one of the two.
    listener.subscribe(f"run:{run}", since=0 if since is None else since)
    try:
        yield b"retry: 2000\n\n"
        look = True
        while True:
            last = await ended() if look else None
            look = False
            for frame in listener.take():
                if frame.reset:
                    yield b"id: %d\nevent: reset\ndata: {}\n\n" % frame.seq
                    look = True  # the event that told its end may be among those that are gone
                for number, data in zip(frame.numbers, frame.events, strict=True):
                    yield b"id: %d\ndata: %b\n\n" % (number, data)
                    if data.startswith(b'{"type":"run_ended"'):
                        return
            if last is not None:
                yield b"id: %d\ndata: %b\n\n" % (hub.seq, encode(last))
                return
            if look:
                continue
            try:
                await asyncio.wait_for(listener.wait(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield b": still running\n\n"
                look = True
    finally:
        listener.close()
