from parvis.edge.bursts import KEPT_PARTS, Bursts, ByteCache, Framing, frame


def test_a_chunk_is_framed_once() -> None:
    assert frame([b"ab", b"c" * 14], Framing.CHUNKED) == b"10\r\nab" + b"c" * 14 + b"\r\n"
    assert frame([b"ab", b"c"], Framing.RAW) == b"abc"


def test_nothing_is_never_the_last_chunk() -> None:
    assert frame([], Framing.CHUNKED) == b""


def bursts() -> Bursts:
    return Bursts(lambda sequence: b"<%d>" % sequence)


def test_a_burst_is_one_chunk_of_consecutive_parts() -> None:
    assert bursts().burst(7, 3, Framing.CHUNKED) == b"9\r\n<7><8><9>\r\n"
    assert bursts().burst(7, 1, Framing.RAW) == b"<7>"


def test_the_same_burst_is_the_same_object() -> None:
    kept = bursts()
    assert kept.burst(7, 1, Framing.CHUNKED) is kept.burst(7, 1, Framing.CHUNKED)
    assert kept.burst(7, 1, Framing.CHUNKED) != kept.burst(7, 1, Framing.RAW)


def test_a_join_is_head_init_and_parts() -> None:
    join = bursts().join(lambda: b"HEAD\r\n\r\n", b"init", 7, 8, Framing.CHUNKED)
    assert join == b"HEAD\r\n\r\n4\r\ninit\r\n3\r\n<7>\r\n3\r\n<8>\r\n"
    assert bursts().join(lambda: b"H", b"init", 7, 8, Framing.RAW) == b"Hinit<7><8>"


def test_a_join_may_have_no_parts_yet() -> None:
    assert bursts().join(lambda: b"H", b"init", 8, 7, Framing.RAW) == b"Hinit"


def test_a_storm_builds_one_join() -> None:
    kept, heads = bursts(), []

    def head() -> bytes:
        heads.append(1)
        return b"H"

    first = kept.join(head, b"init", 7, 9, Framing.CHUNKED)
    assert all(kept.join(head, b"init", 7, 9, Framing.CHUNKED) is first for _ in range(100))
    assert len(heads) == 1


def test_the_cache_is_bounded_and_drops_the_oldest() -> None:
    cache = ByteCache(limit_bytes=10)
    built: list[str] = []

    def get(key: str, size: int) -> bytes:
        def build() -> bytes:
            built.append(key)
            return bytes(size)

        return cache.get(key, build)

    get("a", 4)
    get("b", 4)
    get("c", 4)
    assert cache.size_bytes == 8
    get("b", 4)
    get("a", 4)
    assert built == ["a", "b", "c", "a"]
    get("huge", 100)
    assert cache.size_bytes == 100, "the newest is kept even when it is too large"
    get("d", 1)
    assert cache.size_bytes == 1


def test_what_ends_long_before_is_dropped_though_there_is_room() -> None:
    cache = ByteCache(limit_bytes=1_000_000)
    for last in range(100, 200):
        cache.get(last, lambda: b"0123456789", last)
    assert cache.size_bytes == 10 * (1 + KEPT_PARTS)
    assert cache.get(199, lambda: b"anew", 199) == b"0123456789"
    assert cache.get(100, lambda: b"anew", 100) == b"anew", "who is far behind gets it built again"
