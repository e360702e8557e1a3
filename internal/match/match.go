// Package match places households into homes and their workers into jobs so that the points of all placements together
// are as many as can be, says by how much at most a better plan could beat the one it gives, and why each placement is
// what it is. It proposes; people decide.
//
// An [Instance] is read by [Read] and judged by plain rules ([Instance.Entry], [Instance.Explain]) that the solver does
// not share: [Check] recomputes a [Plan] with them alone. [Solve] finds plans, [Rank] orders the offers for one
// household, in a browser too. All arithmetic on points is in integers, nothing here reads a clock or draws randomness,
// and results do not depend on the number of processors.
package match
