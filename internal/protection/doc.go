// Package protection rings people until someone answers, and shows the journal to those who watch over it. It decrypts
// nothing, asks for no budget, and never refuses an alert because something else is wrong: where there is nobody on duty,
// the coordination is told.
//
//	RaiseIn(tx, Alarm)    inside another pillar's unit: no arrival, a compromise, a light that says alert
//	Raise                 someone of a case's circle, or anyone signed in about no case: 17 and 112 were shown first
//	Acknowledge           a duty officer, or whoever was rung: first come, first on it
//	HandOver              to another duty officer, whose phone rings; it rings on until they acknowledge
//	Close                 by whoever holds it, or a duty officer
//	Alerts, Alert         what an actor may see of them
//	Takers                to whom an alert can be handed over: whoever holds it
//	Lines, SetLines       the call tree, in order: coordinators
//	Tests                 how the last weekly try of each line ended
//	Ready                 refuses to start with duty officers and nothing but mail to reach them
//	Handlers              of the jobs: the next ring, the weekly test
//	Journal, OwnEvents    a page of events and what proves it: guarantors and coordinators; everyone, of their own
//	Export                some days of the journal, itself an event: guarantors and coordinators
//	Checkpoint, Tile      of both logs, for anyone who watches them
//	Ring                  makes the calls that wait, after each run of the jobs
//
// A ring is content-free: the command or hook is given the officer's line and nothing else.
package protection
