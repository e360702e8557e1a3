package demo

import "golang.org/x/sync/errgroup"

// atOnce runs n independent steps of one instant side by side, so that the store commits them in groups.
func atOnce(n int, step func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(32)
	for i := range n {
		g.Go(func() error { return step(i) })
	}
	return g.Wait()
}
