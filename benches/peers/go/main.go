// Command coproc-peers-go times gnark-crypto on one thread, one JSON line a figure: {"lib", "curve", "op", "n", "ns_per_op"}.
package main

import (
	"flag"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

const library = "gnark-crypto"

// distinct inputs that single operations go through in turn, so that nothing is learnt from the one before.
const distinct = 64

var (
	maxLog = flag.Int("maxlog", 14, "largest sum of multiples, as a power of two")
	only   = flag.String("only", "", "bls12-381 or bn254; both if empty")
	budget = flag.Float64("budget-ms", 250, "time a figure")
)

// pass prints the least nanoseconds an item of many samples of one, which does so many items; a sample lasts a millisecond or one pass.
func pass(curve, op string, n, items int, one func()) {
	one()
	repeats, samples := 1, 0
	best, spent := math.Inf(1), 0.0
	for spent < *budget*1e6 || samples < 3 {
		start := time.Now()
		for range repeats {
			one()
		}
		ns := float64(time.Since(start).Nanoseconds())
		if ns < 1e6 && repeats < 1<<24 {
			repeats *= 2
			continue
		}
		best = min(best, ns/float64(repeats*items))
		spent += ns
		samples++
	}
	fmt.Printf("{\"lib\":%q,\"curve\":%q,\"op\":%q,\"n\":%d,\"ns_per_op\":%.2f}\n", library, curve, op, n, best)
	runtime.GC()
}

// each does one operation on each of some inputs in turn.
func each[T any](curve, op string, n int, inputs []T, one func(T)) {
	pass(curve, op, n, len(inputs), func() {
		for _, input := range inputs {
			one(input)
		}
	})
}

func sums() (sizes []int) {
	for _, log := range []int{6, 10, 14, 16, 18} {
		if log <= *maxLog {
			sizes = append(sizes, 1<<log)
		}
	}
	return
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func hold(ok bool, what string) {
	if !ok {
		panic(what + " does not hold")
	}
}

func main() {
	flag.Parse()
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
	for name, run := range map[string]func(){"bls12-381": bls12381, "bn254": bn254} {
		if strings.Contains(name, *only) {
			run()
		}
	}
}
