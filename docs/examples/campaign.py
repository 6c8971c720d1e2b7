#!/usr/bin/python3
"""A whole campaign with nothing but protobuf and an HTTP library.

    protoc -I proto --python_out=. hikyaku/v1/api.proto
    python3 docs/examples/campaign.py http://127.0.0.1:8460 api.key news@shop.example people.csv

The CSV has the columns address, ref and name.
"""

import csv
import json
import sys
import urllib.error
import urllib.request

from hikyaku.v1 import api_pb2 as hikyaku

CHUNK = 4096


class Api:
    def __init__(self, base_url, key):
        self.base_url = base_url
        self.key = key

    def call(self, service, method, request, response):
        """POST /hikyaku.v1.<Service>/<Method>, protobuf in both directions."""
        http = urllib.request.Request(
            f"{self.base_url}/hikyaku.v1.{service}/{method}", request.SerializeToString(),
            {"Content-Type": "application/proto", "Authorization": f"Bearer {self.key}"})
        try:
            with urllib.request.urlopen(http) as answer:
                return response.FromString(answer.read())
        except urllib.error.HTTPError as error:
            # Connect's error object: code, message, and one Problem for each violation.
            problem = json.loads(error.read())
            for detail in problem.get("details", []):
                print("  field %(field)s, rule %(rule)s: %(message)s" % detail["debug"],
                      file=sys.stderr)
            raise SystemExit(f"{method}: {problem['code']}: {problem['message']}") from None


def main():
    base_url, key_file, sender, csv_file = sys.argv[1:]
    with open(key_file, encoding="ascii") as file:
        api = Api(base_url, file.read().strip())

    # 1. Content and options. The key makes the call repeatable: the same call again is a replay.
    created = api.call("CampaignService", "CreateCampaign", hikyaku.CreateCampaignRequest(
        idempotency_key="example-1", name="Example", content_class=hikyaku.CONTENT_CLASS_NOTICE,
        content=hikyaku.Content(**{
            "from": hikyaku.Mailbox(address=sender, display_name="お店"),
            "subject": "{{name}}様へのお知らせ",
            "text": "{{name}}様\n\nいつもありがとうございます。\n"})),
        hikyaku.CreateCampaignResponse)

    # 2. Recipients, in chunks: any order, in parallel, each repeatable by its number.
    rows = 0
    with open(csv_file, encoding="utf-8-sig", newline="") as file:
        people = [hikyaku.Recipient(address=row["address"], ref=row["ref"],
                                    fields=json.dumps({"name": row["name"]}))
                  for row in csv.DictReader(file)]
    for chunk, start in enumerate(range(0, len(people), CHUNK)):
        part = people[start:start + CHUNK]
        added = api.call("CampaignService", "AddRecipients", hikyaku.AddRecipientsRequest(
            campaign_id=created.campaign_id, chunk=chunk, recipients=part),
            hikyaku.AddRecipientsResponse)
        rows += len(part)
        for bad in added.rejected:
            print(f"row {bad.index}: {bad.field}: {bad.message}", file=sys.stderr)

    # 3. Start. Rows sent are counted on both sides: nothing gets lost on the way.
    api.call("CampaignService", "SubmitCampaign", hikyaku.SubmitCampaignRequest(
        campaign_id=created.campaign_id, expected_rows=rows, max_rejected_permille=100),
        hikyaku.SubmitCampaignResponse)

    # 4. What became of each: a cursor that you keep, and a wait for news.
    cursor, final = "", 0
    while True:
        answer = api.call("EventService", "ReadEvents", hikyaku.ReadEventsRequest(
            cursor=cursor, wait_ms=10000,
            filter=hikyaku.EventFilter(campaign_ids=[created.campaign_id])),
            hikyaku.ReadEventsResponse)
        for event in answer.events:
            if event.type == hikyaku.EVENT_TYPE_STATE:
                print("campaign", hikyaku.CampaignState.Name(event.state))
                if event.state == hikyaku.CAMPAIGN_STATE_COMPLETED:
                    print(f"{final} recipients have a final outcome")
                    return
            else:
                final += event.final
                print(event.ref, hikyaku.EventType.Name(event.type), event.smtp_code,
                      event.reply_text)
        cursor = answer.next_cursor


if __name__ == "__main__":
    main()
