"""Requests that the tests begin with."""


def content(pb, **changes):
    fields = {
        "from": pb.Mailbox(address="news@shop.test", display_name="お店"),
        "subject": "{{name}}様へ春のお知らせ",
        "text": "{{name}}様\n\nこんにちは。\n",
        "default_fields": '{"name":"お客"}',
        **changes,
    }
    return pb.Content(**fields)


def create_request(pb, key, **changes):
    """A NOTICE campaign in BULK; keyword arguments replace fields."""
    fields = {
        "idempotency_key": key, "name": f"test {key}", "content_class": pb.CONTENT_CLASS_NOTICE,
        "lane": pb.LANE_BULK, "mode": pb.MODE_LIVE, "pool": "mkt", "content": content(pb),
        **changes,
    }
    return pb.CreateCampaignRequest(**fields)


def recipients(pb, addresses, **changes):
    return [pb.Recipient(address=address, ref=f"ref-{number}",
                         fields='{"name":"山田%d"}' % number, **changes)
            for number, address in enumerate(addresses)]


def submit_campaign(api, key, addresses, chunk_rows=4096, **changes):
    """Create, add, submit; returns the campaign id."""
    pb = api.pb
    created = api.call("CampaignService", "CreateCampaign", create_request(pb, key, **changes))
    everyone = recipients(pb, addresses)
    for chunk, start in enumerate(range(0, len(everyone), chunk_rows)):
        api.campaign("AddRecipients", campaign_id=created.campaign_id, chunk=chunk,
                     recipients=everyone[start:start + chunk_rows])
    api.campaign("SubmitCampaign", campaign_id=created.campaign_id, expected_rows=len(everyone),
                 max_rejected_permille=1000)
    return created.campaign_id


def outcomes(api, campaign_id):
    """Counts by outcome, without zeroes, names without prefix."""
    campaign = api.campaign("GetCampaign", campaign_id=campaign_id).campaign
    return {api.pb.Outcome.Name(entry.outcome).removeprefix("OUTCOME_"): entry.count
            for entry in campaign.outcomes}
