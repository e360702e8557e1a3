package match

import "testing"

// BenchmarkRank orders 20,000 offers for one household.
func BenchmarkRank(b *testing.B) {
	in := Generate(invented(), 1, Scale{Households: 50, Homes: 10_000, Jobs: 10_000})
	ranker := NewRanker(in)
	for i := 0; b.Loop(); i++ {
		ranker.Rank(i % len(in.Households))
	}
}
