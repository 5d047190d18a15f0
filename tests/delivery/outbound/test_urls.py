from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.outbound import OutboundPolicy, Target, UrlError, parse_url

STRICT = OutboundPolicy()


def parse(text: str, policy: OutboundPolicy = STRICT) -> Target:
    return parse_url(text, is_http_allowed=True, policy=policy)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com/a/b?c=d&e=f", "https://hooks.example.com/a/b?c=d&e=f"),
        ("HTTPS://Hooks.Example.COM/Path", "https://hooks.example.com/Path"),
        ("https://hooks.example.com:443/", "https://hooks.example.com/"),
        ("http://hooks.example.com:80/", "http://hooks.example.com/"),
        ("https://hooks.example.com:80/", "https://hooks.example.com:80/"),
        ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
        ("https://hooks.example.com./", "https://hooks.example.com/"),
        ("https://hooks.example.com?q=1", "https://hooks.example.com/?q=1"),
        ("https://hooks.example.com?a=/b", "https://hooks.example.com/?a=/b"),
        ("https://hooks.example.com/a#fragment", "https://hooks.example.com/a"),
        ("https://hooks.example.com#fragment", "https://hooks.example.com/"),
        ("https://hooks.example.com/a@b:c", "https://hooks.example.com/a@b:c"),
        ("https://hooks.example.com/?u=https://x.example/", "https://hooks.example.com/?u=https://x.example/"),
        ("https://hooks.example.com/größe?q=ä", "https://hooks.example.com/gr%C3%B6%C3%9Fe?q=%C3%A4"),
        ("https://hooks.example.com/a%20b%0d%0a", "https://hooks.example.com/a%20b%0d%0a"),
        ("https://hooks.example.com/100%", "https://hooks.example.com/100%25"),
        ("https://hooks.example.com/%zz", "https://hooks.example.com/%25zz"),
        ('https://hooks.example.com/"<>^`{}', "https://hooks.example.com/%22%3C%3E%5E%60%7B%7D"),
        ("https://hooks.example.com/x?a[]=1|2", "https://hooks.example.com/x?a[]=1|2"),
        ("https://hooks.example.com/\U0001f600", "https://hooks.example.com/%F0%9F%98%80"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER。example/", "https://xn--bcher-kva.example/"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://ｈｏｏｋｓ．example/", "https://hooks.example/"),
        ("https://r3---sn.example.com/", "https://r3---sn.example.com/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://134744072/", "https://8.8.8.8/"),
        ("https://0x8.0x8.2056/", "https://8.8.8.8/"),
        ("https://[2606:4700:0:0:0:0:0:1111]/", "https://[2606:4700::1111]/"),
        ("https://[2606:4700::1111]:8443/", "https://[2606:4700::1111]:8443/"),
        ("https://[::ffff:8.8.8.8]/", "https://8.8.8.8/"),
    ],
)
def test_a_url_is_normalised(text: str, url: str) -> None:
    target = parse(text)
    assert target.url == url
    assert parse(target.url) == target


def test_a_target_has_its_parts() -> None:
    target = parse("https://Hooks.example.com:8443/a?b=c")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "hooks.example.com", 8443, "/a?b=c")
    assert target.host_header == "hooks.example.com:8443"
    assert target.origin == ("https", "hooks.example.com", 8443)
    assert target.address is None


def test_an_address_as_host_is_known_as_one() -> None:
    target = parse("https://[2606:4700::1111]:8443/")
    assert target.address == ip_address("2606:4700::1111")
    assert target.host == "2606:4700::1111"
    assert target.host_header == "[2606:4700::1111]:8443"


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("hooks.example.com", "scheme", "The URL must begin with https://."),
        ("", "scheme", "The URL must begin with https://."),
        (
            "https://me:secret@hooks.example.com/",
            "user_info",
            "Leave the user name and password out of the URL and set them as authentication.",
        ),
        (
            "https://hooks.example.com/ a",
            "characters",
            "The URL contains a space, a backslash or an invisible character.",
        ),
        (
            "https://hooks.example.com/a\\b",
            "characters",
            "The URL contains a space, a backslash or an invisible character.",
        ),
        ("https://hooks.example.com:99999/", "port", "The port in the URL is not a number from 1 to 65535."),
        (
            "https://hooks.example.com:22/",
            "port_not_allowed",
            "Port 22 cannot be used. Open are: 80, 443, 8080, 8443.",
        ),
        (
            "https://192.168.1.1/",
            "blocked_address",
            "192.168.1.1 is in a private network. Only addresses on the public internet can be used.",
        ),
        ("https://intranet/", "host", "intranet is not a full name like hooks.example.com."),
        ("https://exa_mple.com/", "host", "The host is not a valid name."),
        ("https://-a.example.com/", "host", "The host is not a valid name."),
        ("https://a..example.com/", "host", "The host is not a valid name."),
        ("https://.example.com/", "host", "The host is not a valid name."),
        (f"https://{'a' * 64}.example.com/", "host", "The host is not a valid name."),
        (f"https://{'.'.join(['a' * 60] * 5)}/", "host", "The host is longer than 253 characters."),
        ("https://xn--a/", "host", "The host is not a valid name."),
        ("https://example.1/", "host", "The host is not a valid address."),
        ("https://1.2.3.08/", "host", "The host is not a valid address."),
        ("https://\u00ad/", "host", "The host is not a valid name."),
        ("https:///path", "host", "The URL has no host."),
        (f"https://hooks.example.com/{'a' * 2048}", "too_long", "The URL is longer than 2048 characters."),
    ],
)
def test_a_url_that_cannot_be_used_says_why(text: str, code: str, detail: str) -> None:
    with pytest.raises(UrlError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.detail) == (code, detail)


def test_plain_http_needs_permission() -> None:
    with pytest.raises(UrlError) as caught:
        parse_url("http://hooks.example.com/", is_http_allowed=False, policy=STRICT)
    assert caught.value.code == "http_not_allowed"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hook", "http://localhost:9000/hook", "http://[::ffff:127.0.0.1]:9000/hook"])
def test_plain_http_to_an_excepted_address_needs_no_permission(url: str) -> None:
    policy = OutboundPolicy(allow=(ip_network("127.0.0.0/8"),))
    assert parse_url(url, is_http_allowed=False, policy=policy).scheme == "http"


@pytest.mark.parametrize("url", ["http://8.8.8.8/", "http://10.0.0.1/", "http://hooks.example.com/", "http://localhost.example.com/"])
def test_an_exception_opens_plain_http_to_nothing_else(url: str) -> None:
    policy = OutboundPolicy(allow=(ip_network("127.0.0.0/8"),))
    with pytest.raises(UrlError) as caught:
        parse_url(url, is_http_allowed=False, policy=policy)
    assert caught.value.code == "http_not_allowed"


def test_ports_can_be_added() -> None:
    assert parse("https://hooks.example.com:9000/", OutboundPolicy(ports=frozenset({9000}))).port == 9000


def test_an_allowed_network_opens_its_addresses_on_any_port_and_its_names() -> None:
    policy = OutboundPolicy(allow=(ip_network("127.0.0.0/8"),))
    assert parse("http://127.0.0.1:9000/", policy).port == 9000
    assert parse("http://localhost:9000/", policy).host == "localhost"
    with pytest.raises(UrlError):
        parse("http://10.0.0.1/", policy)
    with pytest.raises(UrlError):
        parse("http://8.8.8.8:9000/", policy)


@pytest.mark.parametrize("path", ["no-slash", "/a b", "/a\r\nX: y", "/ä", "/a\0"])
def test_a_target_built_by_hand_with_a_bad_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="Target"):
        Target("https", "hooks.example.com", 443, path)


@pytest.mark.parametrize("host", ["", "a b", "a\r\nX: y", "a/b", "a@b", "ä.example"])
def test_a_target_built_by_hand_with_a_bad_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="Target"):
        Target("https", host, 443, "/")


@given(st.text(max_size=60))
def test_any_text_behind_the_scheme_gives_a_clean_target_or_an_error(text: str) -> None:
    try:
        target = parse(f"https://{text}")
    except UrlError:
        return
    assert target.url.isascii()
    assert target.url.isprintable()
    assert " " not in target.url
    assert parse(target.url) == target


@given(st.text(alphabet="0123456789abcdefx.", max_size=24))
def test_numbers_as_host_are_read_as_a_public_address_or_refused(text: str) -> None:
    try:
        target = parse(f"https://{text}/")
    except UrlError:
        return
    if target.address is not None:
        assert target.address.is_global
    else:
        assert not target.host.rpartition(".")[2].isdigit()
