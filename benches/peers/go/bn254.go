package main

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc"
	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

const bnCurve = "bn254"

func bn254() {
	_, _, g, h := curve.Generators()
	ps, qs := make([]curve.G1Affine, 256), make([]curve.G2Affine, 256)
	for i := range ps {
		ps[i], qs[i] = onG1(random()), onG2(random())
	}
	var pairs []int
	for i := range distinct {
		pairs = append(pairs, i)
	}
	var a, b fp.Element
	a.MustSetRandom()
	b.MustSetRandom()
	chain(bnCurve, "fp_mul", func() { a.Mul(&a, &b) })
	var x, y fr.Element
	x.MustSetRandom()
	y.MustSetRandom()
	chain(bnCurve, "fr_mul", func() { x.Mul(&x, &y) })
	var scalars [distinct]big.Int
	for i := range scalars {
		y.MustSetRandom()
		y.BigInt(&scalars[i])
	}
	each(bnCurve, "g1_mul", 1, pairs, func(i int) {
		var p curve.G1Jac
		p.FromAffine(&ps[i])
		p.ScalarMultiplication(&p, &scalars[i])
	})
	each(bnCurve, "g2_mul", 1, pairs, func(i int) {
		var q curve.G2Jac
		q.FromAffine(&qs[i])
		q.ScalarMultiplication(&q, &scalars[i])
	})
	loop := func(i int) curve.GT {
		f, err := curve.MillerLoop(ps[i:i+1], qs[i:i+1])
		must(err)
		return f
	}
	each(bnCurve, "miller_loop", 1, pairs, func(i int) { loop(i) })
	var loops []curve.GT
	for i := range distinct {
		loops = append(loops, loop(i))
	}
	each(bnCurve, "final_exp", 1, loops, func(f curve.GT) { curve.FinalExponentiation(&f) })
	each(bnCurve, "pairing", 1, pairs, func(i int) {
		_, err := curve.Pair(ps[i:i+1], qs[i:i+1])
		must(err)
	})
	for _, n := range []int{2, 64, 256} {
		pass(bnCurve, "multi_pairing", n, n, func() {
			_, err := curve.Pair(ps[:n], qs[:n])
			must(err)
		})
	}
	var short [][32]byte
	var long [][64]byte
	for i := range distinct {
		short, long = append(short, ps[i].Bytes()), append(long, qs[i].Bytes())
	}
	each(bnCurve, "g1_decompress", 1, short, func(b [32]byte) { // every point of the curve is in the group
		var p curve.G1Affine
		_, err := p.SetBytes(b[:])
		must(err)
	})
	each(bnCurve, "g2_decompress_checked", 1, long, func(b [64]byte) {
		var q curve.G2Affine
		_, err := q.SetBytes(b[:])
		must(err)
	})
	each(bnCurve, "g2_subgroup", 1, qs[:distinct], func(q curve.G2Affine) { hold(q.IsInSubGroup(), "membership") })
	bnSums(g)
	groth16(g, h)
}

func random() (k fr.Element) {
	k.MustSetRandom()
	return
}

func onG1(k fr.Element) (p curve.G1Affine) {
	return *p.ScalarMultiplicationBase(k.BigInt(new(big.Int)))
}

func onG2(k fr.Element) (q curve.G2Affine) {
	return *q.ScalarMultiplicationBase(k.BigInt(new(big.Int)))
}

func bnSums(g curve.G1Affine) {
	sizes := sums()
	if len(sizes) == 0 {
		return
	}
	largest := sizes[len(sizes)-1]
	jacobian := make([]curve.G1Jac, largest)
	full, half := make([]fr.Element, largest), make([]fr.Element, largest)
	var at curve.G1Jac
	at.FromAffine(&g)
	step := at
	step.ScalarMultiplication(&step, big.NewInt(0x6eed0e9da4d94a4f))
	for i := range jacobian {
		at.AddAssign(&step)
		jacobian[i] = at
		full[i].MustSetRandom()
		bytes := full[i].Bytes()
		half[i].SetBytes(bytes[16:])
	}
	points := curve.BatchJacobianToAffineG1(jacobian)
	for _, n := range sizes {
		for op, scalars := range map[string][]fr.Element{"msm_g1": full, "msm_g1_128bit": half} {
			pass(bnCurve, op, n, n, func() {
				var sum curve.G1Affine
				_, err := sum.MultiExp(points[:n], scalars[:n], ecc.MultiExpConfig{NbTasks: 1})
				must(err)
			})
		}
	}
}
