"""An account from its making to its end, by the pages that people use for it."""

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from courses.models import Content
from tests.e2e.studying import assert_stayed, eventually, open_content, sign_in, stay, visit
from tests.mailserver import MailServer
from tests.people import PASSWORD, token_of
from tests.site import job_worker
from users.models import APIToken, User

pytestmark = pytest.mark.django_db(transaction=True)

FRESH = "quite another one 42"


@pytest.fixture
def mails(address: str) -> Iterator[MailServer]:
    """Where a job worker sends its mails, whose links lead to the site."""
    with MailServer() as server, job_worker(EMAIL_URL=server.url, SITE_URL=address):
        yield server


def mailed_link(mails: MailServer, recipient: str) -> str:
    """The link in the mail that comes to this address."""

    def look() -> str | None:
        for mail in mails.taken:
            if recipient in str(mail["To"]) and (found := re.search(r"http://\S+#\S+", mail.get_content())):
                return found[0]
        return None

    return eventually(look, lambda: f"no link to {recipient}")


def enter(page: Page, fields: dict[str, str]) -> None:
    """Fill in fields, by their labels."""
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def expect_signed_in(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=f"Account of {name}")).to_be_visible()


def expect_sign_in_form(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(file, "PNG")
    return file.getvalue()


def test_an_account_is_made_and_its_address_confirmed(page: Page, address: str, mails: MailServer) -> None:
    page.goto(f"{address}/register")
    enter(page, {"User name": "dana", "E-mail address": "dana@example.org", "Password": "12345678"})
    press(page, "Make the account")
    expect(page.get_by_text("too common")).to_be_visible()
    enter(page, {"Password": FRESH})
    press(page, "Make the account")
    expect_signed_in(page, "dana")
    page.goto(f"{address}/profile")
    expect(page.get_by_text("Not confirmed yet")).to_be_visible()
    page.goto(mailed_link(mails, "dana@example.org"))
    press(page, "This is my address")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert User.objects.get(username="dana").email_verified
    page.goto(f"{address}/profile")
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()


def test_signing_in_takes_the_right_password_and_signing_out_ends_it(page: Page, address: str, ana: User) -> None:
    page.goto(f"{address}/profile")
    expect_sign_in_form(page)
    enter(page, {"User name": "ana", "Password": "not this one"})
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("Wrong user name or password")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    enter(page, {"Password": PASSWORD})
    press(page, "Sign in")
    expect(page.get_by_role("heading", name="Profile")).to_be_visible()
    press(page, "Account of Ana")
    page.get_by_role("menuitem", name="Sign out").click()
    expect_sign_in_form(page)
    page.goto(f"{address}/profile")
    expect_sign_in_form(page)


def test_a_forgotten_password_is_set_anew_by_mail(page: Page, address: str, mails: MailServer, ana: User) -> None:
    User.objects.update(email_verified=True)
    page.goto(f"{address}/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    enter(page, {"E-mail address": ana.email})
    press(page, "Mail me a link")
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    page.goto(mailed_link(mails, ana.email))
    expect(page).to_have_url(f"{address}/reset-password")  # the secret is not in it any more
    enter(page, {"New password": FRESH})
    press(page, "Set the password")
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    page.get_by_role("link", name="Sign in").click()
    for password, signed_in in ((PASSWORD, False), (FRESH, True)):
        enter(page, {"User name": "ana", "Password": password})
        press(page, "Sign in")
        if not signed_in:
            expect(page.get_by_role("alert")).to_be_visible()
    expect_signed_in(page, "Ana")


def test_a_new_password_signs_the_other_browser_out_and_not_this_one(
    browser: BrowserContext, other_browser: BrowserContext, address: str, ana: User, content: Content
) -> None:
    sign_in(other_browser, address, ana)
    elsewhere = other_browser.new_page()
    open_content(elsewhere, address, content)
    stay(elsewhere)
    page = visit(browser, address, ana, "profile")
    enter(page, {"Password so far": "not this one", "New password": FRESH})
    press(page, "Set a new password")
    expect(page.get_by_role("alert")).to_contain_text("That is not your password")
    enter(page, {"Password so far": PASSWORD})
    press(page, "Set a new password")
    expect(page.get_by_text("Your new password is set.")).to_be_visible()
    expect_sign_in_form(elsewhere)  # by itself
    assert_stayed(elsewhere)
    page.reload()
    expect_signed_in(page, "Ana")


def test_a_profile_has_a_name_and_a_picture(browser: BrowserContext, address: str, ana: User) -> None:
    page = visit(browser, address, ana, "profile")
    enter(page, {"First name": "Anna", "Last name": "Lima", "Your goal": "To finish."})
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect_signed_in(page, "Anna Lima")
    chosen = page.locator("input[type=file]")
    chosen.set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.get_by_role("alert")).to_be_visible()
    chosen.set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": picture()})
    shown = page.get_by_role("img", name="Your picture")
    expect(shown).to_have_attribute("src", re.compile(r"/api/v1/me/avatar/"))
    page.wait_for_function("document.querySelector('img[alt=\"Your picture\"]').naturalWidth > 0")
    page.reload()
    expect(page.get_by_label("Your goal")).to_have_value("To finish.")
    expect(shown).to_be_visible()
    press(page, "Remove it")
    expect(shown).to_have_count(0)
    ana.refresh_from_db()
    assert (ana.first_name, ana.last_name, bool(ana.avatar)) == ("Anna", "Lima", False)


def test_a_device_is_signed_out(browser: BrowserContext, address: str, ana: User) -> None:
    token_of(ana, "Phone")
    token_of(ana, "Tablet")
    page = visit(browser, address, ana, "profile")
    press(page, "Sign out Phone")
    expect(page.get_by_text("Phone", exact=True)).to_have_count(0)
    expect(page.get_by_text("Tablet", exact=True)).to_be_visible()
    assert [token.name for token in APIToken.objects.all()] == ["Tablet"]


def test_all_that_is_kept_can_be_downloaded(browser: BrowserContext, address: str, ana: User) -> None:
    page = visit(browser, address, ana, "profile")
    path = page.get_by_role("link", name="Download it").get_attribute("href")
    with zipfile.ZipFile(io.BytesIO(page.request.get(f"{address}{path}").body())) as files:
        assert any(ana.email in files.read(name).decode() for name in files.namelist() if name.endswith(".json"))


def test_an_account_is_closed_for_good(browser: BrowserContext, address: str, ana: User) -> None:
    page = visit(browser, address, ana, "profile")
    press(page, "Close the account …")
    dialog = page.get_by_role("dialog", name="Close the account")
    dialog.get_by_label("Password", exact=True).fill("not this one")
    dialog.get_by_role("button", name="Close it for good").click()
    expect(dialog.get_by_role("alert")).to_contain_text("That is not your password")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Close it for good").click()
    expect_sign_in_form(page)
    enter(page, {"User name": "ana", "Password": PASSWORD})
    press(page, "Sign in")
    expect(page.get_by_role("alert")).to_contain_text("Wrong user name or password")
    ana.refresh_from_db()
    assert not ana.is_active
    assert ana.email == ""
