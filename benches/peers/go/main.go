// Command coproc-peers-go times gnark-crypto on one thread, one JSON line a figure: {"lib", "curve", "op", "n", "ns_per_op"}.
package main

import (
	"flag"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"unsafe"
)

const library = "gnark-crypto"

// distinct inputs that single operations go through in turn, so that nothing is learnt from the one before.
const distinct = 64

var (
	maxLog = flag.Int("maxlog", 14, "largest sum of multiples, as a power of two")
	only   = flag.String("only", "", "bls12-381 or bn254; both if empty")
	budget = flag.Float64("budget-ms", 250, "time a figure")
)

// processor tells the nanoseconds that this process has spent on a processor: what others do meanwhile does not count.
func processor() float64 {
	const processTime = 2 // CLOCK_PROCESS_CPUTIME_ID
	var t syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, processTime, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		panic(errno)
	}
	return float64(t.Nano())
}

// pass prints the least nanoseconds an item of many samples of one, which does so many items; a sample lasts a millisecond or one pass.
func pass(curve, op string, n, items int, one func()) {
	one()
	repeats, samples := 1, 0
	best, spent := math.Inf(1), 0.0
	for spent < *budget*1e6 || samples < 3 {
		start := processor()
		for range repeats {
			one()
		}
		ns := processor() - start
		if ns < 1e6 && repeats < 1<<24 {
			repeats *= 2
			continue
		}
		best = min(best, ns/float64(repeats*items))
		spent += ns
		samples++
	}
	report(curve, op, n, best)
}

// each does one operation on each of some inputs in turn. Few inputs are timed at a time, so that a disturbance spoils few: the least
// time of each few counts, and the figure is their mean.
func each[T any](curve, op string, n int, inputs []T, one func(T)) {
	const few = 8
	best := make([]float64, (len(inputs)+few-1)/few)
	for i := range best {
		best[i] = math.Inf(1)
	}
	for spent, rounds := 0.0, 0; spent < *budget*1e6 || rounds < 3; rounds++ {
		for i := range best {
			start := processor()
			for _, input := range inputs[few*i : min(few*(i+1), len(inputs))] {
				one(input)
			}
			ns := processor() - start
			best[i] = min(best[i], ns)
			spent += ns
		}
	}
	sum := 0.0
	for _, least := range best {
		sum += least
	}
	report(curve, op, n, sum/float64(len(inputs)))
}

func report(curve, op string, n int, ns float64) {
	fmt.Printf("{\"lib\":%q,\"curve\":%q,\"op\":%q,\"n\":%d,\"ns_per_op\":%.2f}\n", library, curve, op, n, ns)
	runtime.GC()
}

// chain does a thousand steps, each on the result of the one before: a latency.
func chain(curve, op string, step func()) {
	const steps = 1000
	pass(curve, op, 1, steps, func() {
		for range steps {
			step()
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
