package relocation

import "codeberg.org/ailleurs/ailleurs/internal/journal"

// Invariants are what no case may break, for journal.Verify: each finds the rows that should not be. That a place has one
// live holder, a thread one answer a round, and a row its parent, the schema and journal.Verify say themselves.
var Invariants = []journal.Invariant{
	{
		// A key whose every body was erased opens nothing and should be gone; one whose first body is yet to be written waits.
		Name: "relocation.orphan_envelope", Table: "envelope",
		Query: `SELECT e.id FROM envelope e WHERE e.destroyed_at IS NULL
			AND EXISTS (SELECT 1 FROM body w WHERE w.case_id = e.case_id AND w.compartment = e.compartment AND w.thread_id = e.thread_id)
			AND NOT EXISTS (SELECT 1 FROM body b
			WHERE b.case_id = e.case_id AND b.compartment = e.compartment AND b.thread_id = e.thread_id AND b.erased_at IS NULL)`,
	},
	{
		Name: "relocation.envelope_outlives_case", Table: "envelope",
		Query: `SELECT e.id FROM envelope e JOIN dossier d ON d.id = e.case_id WHERE e.destroyed_at IS NULL AND
			(d.state IN ('withdrawn', 'diverted') OR d.state = 'expired' AND e.compartment <> 'person')`,
	},
	{
		Name: "relocation.origin_knows_where", Table: "envelope",
		Query: `SELECT e.id FROM envelope e JOIN dossier d ON d.id = e.case_id WHERE e.compartment IN ('arrival', 'course') AND
			(e.part LIKE 'origin%' OR e.destroyed_at IS NULL AND e.for_id IN (d.lead_id, d.second_id, d.signatory_id))`,
	},
	{
		Name: "relocation.origin_keeps_envelope", Table: "envelope",
		Query: `SELECT e.id FROM envelope e JOIN dossier d ON d.id = e.case_id
			WHERE e.destroyed_at IS NULL AND e.part LIKE 'origin%' AND d.state IN ('following', 'closed')`,
	},
	{
		Name: "relocation.limits_to_addressee", Table: "envelope",
		Query: `SELECT e.id FROM envelope e WHERE e.compartment = 'limits' AND e.part NOT IN ('origin_lead', 'origin_second', 'checker')`,
	},
	{
		Name: "relocation.broken_chain", Table: "body",
		Query: `SELECT b.id FROM body b WHERE b.seq > 1 AND NOT EXISTS (SELECT 1 FROM body p WHERE p.case_id = b.case_id
			AND p.compartment = b.compartment AND p.thread_id = b.thread_id AND p.seq = b.seq - 1 AND p.hash = b.prev)`,
	},
	{
		Name: "relocation.hold_without_answer", Table: "hold",
		Query: `SELECT h.id FROM hold h WHERE h.released_at IS NULL AND NOT EXISTS (SELECT 1 FROM answer a
			WHERE a.thread_id = h.thread_id AND a.round = h.round AND a.taken_back IS NULL)`,
	},
	{
		Name: "relocation.few_addressees", Table: "call",
		Query: `SELECT c.id FROM call c WHERE c.ended_at IS NULL AND EXISTS (SELECT 1 FROM dossier d WHERE d.call_id = c.id AND d.ring > 0)
			AND NOT EXISTS (SELECT 1 FROM thread t WHERE t.call_id = c.id)`,
	},
}
