// A campaign through a client that was generated from api.proto, with nothing of ours on this side.
// usage: node client.mjs BASE_URL KEY; prints one JSON object.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { create } from "@bufbuild/protobuf";
import {
  CampaignService, ContentClass, ContentSchema, CreateCampaignRequestSchema, EventService,
  FleetService, Lane, MailboxSchema, MessageService, Mode, ProblemSchema, RecipientSchema,
} from "./generated/hikyaku/v1/api_pb.js";

const [baseUrl, key] = process.argv.slice(2);
const withKey = (next) => (request) => {
  request.header.set("Authorization", `Bearer ${key}`);
  return next(request);
};
const transport = createConnectTransport({
  baseUrl, httpVersion: "1.1", useBinaryFormat: true, interceptors: [withKey],
});
const campaigns = createClient(CampaignService, transport);

const request = create(CreateCampaignRequestSchema, {
  idempotencyKey: "node-client", name: "Node", contentClass: ContentClass.NOTICE, lane: Lane.BULK,
  mode: Mode.SANDBOX, pool: "mkt", labels: { from: "node" },
  content: create(ContentSchema, {
    from: create(MailboxSchema, { address: "news@shop.test", displayName: "お店" }),
    subject: "{{name}}様", text: "こんにちは、{{name}}様。",
  }),
});
const created = await campaigns.createCampaign(request);
const replayed = await campaigns.createCampaign(request);
const recipients = ["花子", "太郎", "bounce"].map((name, number) => create(RecipientSchema, {
  address: name === "bounce" ? "bounce@sandbox.invalid" : `user${number}@sandbox.invalid`,
  ref: `node-${number}`, fields: JSON.stringify({ name }),
}));
const added = await campaigns.addRecipients({ campaignId: created.campaignId, chunk: 0, recipients });
const submitted = await campaigns.submitCampaign({
  campaignId: created.campaignId, expectedRows: recipients.length,
});

let refused;
try {
  await campaigns.createCampaign({ ...request, pool: "nowhere", idempotencyKey: "node-bad" });
} catch (error) {
  const problem = ConnectError.from(error).findDetails(ProblemSchema)[0];
  refused = { code: Code[error.code], field: problem.field, rule: problem.rule };
}

const messages = createClient(MessageService, transport);
const sent = await messages.sendMessages({
  what: { case: "content", value: request.content }, contentClass: ContentClass.NOTICE,
  lane: Lane.TRANSACTIONAL, mode: Mode.SANDBOX, pool: "mkt",
  messages: [{ messageKey: "node-1", to: "otp@sandbox.invalid", fields: '{"name":"次郎"}' }],
});

// Without a worker nothing ends: ask for as long as the caller said it may take.
const events = createClient(EventService, transport);
const seen = [];
let cursor = "";
const deadline = Date.now() + Number(process.env.WAIT_MS ?? 0);
do {
  const answer = await events.readEvents({
    cursor, maxEvents: 100, waitMs: 1000, filter: { campaignIds: [created.campaignId] },
  });
  cursor = answer.nextCursor;
  seen.push(...answer.events.filter((event) => event.final)
    .map((event) => ({ ref: event.ref, type: event.type, code: event.smtpCode })));
} while (seen.length < recipients.length && Date.now() < deadline);

const fleet = await createClient(FleetService, transport).getFleet({});
console.log(JSON.stringify({
  campaign: created.campaignId, replayed: replayed.replayed, accepted: added.accepted,
  state: submitted.state, refused, message: sent.results[0].status, events: seen,
  coordinators: fleet.coordinators.map((one) => one.name),
}));
