// The list of rules, in no order that matters: order.ts says which of their readings comes first.
import type { Rule } from "../rule.ts";
import { executableDeleted } from "./executable-deleted.ts";
import { processState } from "./process-state.ts";
import { residentMemory } from "./resident-memory.ts";

export const rules: readonly Rule[] = [executableDeleted, processState, residentMemory];
