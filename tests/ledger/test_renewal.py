"""New tokens: since when, and what waited for them."""

from penstock.ledger.book import Ledger


async def test_a_new_token_changes_since_when_it_is_there(provisioned: Ledger) -> None:
    (before,) = (await provisioned.renewal.changes()).items()
    assert before[0] == "token-a"
    await provisioned.provisioning.set_credential("token-a", token="EAAGnew", now=before[1] + 60)
    assert await provisioned.renewal.changes() == {"token-a": before[1] + 60}


async def test_nothing_waits_nothing_is_hurried(provisioned: Ledger) -> None:
    assert await provisioned.renewal.hurry("token-a", now=await provisioned.now()) == 0
