// The vendors that cannot run here, each by its contract.
import { githubContract } from "./github.ts";
import { gitlabContract } from "./gitlab.ts";
import { jiraContract } from "./jira.ts";
import { mattermostContract } from "./mattermost.ts";
import { pagerdutyContract } from "./pagerduty.ts";
import { slackContract } from "./slack.ts";
import type { Vendor } from "./vendor.ts";

/** Each call makes a vendor that has nothing yet. */
export const VENDORS: readonly (() => Vendor)[] = [
  () => jiraContract("cloud"),
  () => jiraContract("datacenter"),
  githubContract,
  gitlabContract,
  pagerdutyContract,
  slackContract,
  mattermostContract,
];
