"""Principals and keys: all changes of a call or none, against what was read, bounded."""

BOOK, USED = "hk:{access}:book", "hk:{access}:used"


def change(store, *changes, principals=3, keys=3):
    """Each: (what, field, value, before)."""
    return store.call("access", [BOOK, USED], principals, keys,
                      *[word for one in changes for word in one])[0]


def book(store):
    return {name: value for name, value in store.hash_of(BOOK).items() if name not in ("v", "n")}


def test_new_change_drop(store):
    assert change(store, ("new", "pyamada", b"one", b"")) == "ok"
    first = store.hash_of(BOOK)
    assert first["v"] == b"1" and first["pyamada"] == b"one"
    assert change(store, ("new", "pyamada", b"two", b"")) == "exists"
    assert change(store, ("change", "pyamada", b"two", b"other")) == "stale"
    assert change(store, ("change", "pyamada", b"two", b"one")) == "ok"
    assert store.hash_of(BOOK)["n"] != first["n"]
    assert change(store, ("change", "pnobody", b"x", b"")) == "gone"
    assert change(store, ("drop", "pyamada", b"", b"one")) == "stale"
    assert change(store, ("drop", "pyamada", b"", b"two")) == "ok"
    assert book(store) == {}


def test_all_or_nothing(store):
    assert change(store, ("new", "kold", b"old", b"")) == "ok"
    before = store.hash_of(BOOK)
    assert change(store, ("new", "knew", b"new", b""),
                  ("change", "kold", b"ends", b"else")) == "stale"
    assert store.hash_of(BOOK) == before
    assert change(store, ("new", "knew", b"new", b""),
                  ("change", "kold", b"ends", b"old")) == "ok"
    assert book(store) == {"knew": b"new", "kold": b"ends"}


def test_bounds_count_what_leaves(store):
    for name in ("ka", "kb", "kc"):
        assert change(store, ("new", name, b"x", b"")) == "ok"
    assert change(store, ("new", "kd", b"x", b"")) == "full"
    assert change(store, ("new", "pa", b"x", b"")) == "ok"
    store.redis.hset(USED, "a", "1")
    assert change(store, ("new", "kd", b"x", b""), ("drop", "ka", b"", b"x")) == "ok"
    assert set(book(store)) == {"kb", "kc", "kd", "pa"}
    assert not store.redis.exists(USED)


def test_another_format_is_left_alone(store):
    store.redis.hset(BOOK, mapping={"v": "2", "pa": "x"})
    assert change(store, ("new", "pb", b"x", b"")) == "bad"
    assert book(store) == {"pa": b"x"}
