package main

import (
	"math/big"

	"github.com/consensys/gnark-crypto/ecc"
	curve "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
)

const blsCurve = "bls12-381"

func bls12381() {
	_, _, g, h := curve.Generators()
	ps, qs := make([]curve.G1Affine, 256), make([]curve.G2Affine, 256)
	for i := range ps {
		var k fr.Element
		k.MustSetRandom()
		ps[i].ScalarMultiplication(&g, k.BigInt(new(big.Int)))
		qs[i].ScalarMultiplication(&h, k.BigInt(new(big.Int)))
	}
	var pairs []int
	for i := range distinct {
		pairs = append(pairs, i)
	}
	var a, b fp.Element
	a.MustSetRandom()
	b.MustSetRandom()
	chain(blsCurve, "fp_mul", func() { a.Mul(&a, &b) })
	var x, y fr.Element
	x.MustSetRandom()
	y.MustSetRandom()
	chain(blsCurve, "fr_mul", func() { x.Mul(&x, &y) })
	var scalars [distinct]big.Int
	for i := range scalars {
		y.MustSetRandom()
		y.BigInt(&scalars[i])
	}
	each(blsCurve, "g1_mul", 1, pairs, func(i int) {
		var p curve.G1Jac
		p.FromAffine(&ps[i])
		p.ScalarMultiplication(&p, &scalars[i])
	})
	each(blsCurve, "g2_mul", 1, pairs, func(i int) {
		var q curve.G2Jac
		q.FromAffine(&qs[i])
		q.ScalarMultiplication(&q, &scalars[i])
	})
	loop := func(i int) curve.GT {
		f, err := curve.MillerLoop(ps[i:i+1], qs[i:i+1])
		must(err)
		return f
	}
	each(blsCurve, "miller_loop", 1, pairs, func(i int) { loop(i) })
	var loops []curve.GT
	for i := range distinct {
		loops = append(loops, loop(i))
	}
	each(blsCurve, "final_exp", 1, loops, func(f curve.GT) { curve.FinalExponentiation(&f) })
	each(blsCurve, "pairing", 1, pairs, func(i int) {
		_, err := curve.Pair(ps[i:i+1], qs[i:i+1])
		must(err)
	})
	for _, n := range []int{2, 64, 256} {
		pass(blsCurve, "multi_pairing", n, n, func() {
			_, err := curve.Pair(ps[:n], qs[:n])
			must(err)
		})
	}
	var short [][48]byte
	var long [][96]byte
	for i := range distinct {
		short, long = append(short, ps[i].Bytes()), append(long, qs[i].Bytes())
	}
	each(blsCurve, "g1_decompress_checked", 1, short, func(b [48]byte) {
		var p curve.G1Affine
		_, err := p.SetBytes(b[:])
		must(err)
	})
	each(blsCurve, "g2_decompress_checked", 1, long, func(b [96]byte) {
		var q curve.G2Affine
		_, err := q.SetBytes(b[:])
		must(err)
	})
	each(blsCurve, "g1_subgroup", 1, ps[:distinct], func(p curve.G1Affine) { hold(p.IsInSubGroup(), "membership") })
	each(blsCurve, "g2_subgroup", 1, qs[:distinct], func(q curve.G2Affine) { hold(q.IsInSubGroup(), "membership") })
	each(blsCurve, "hash_g1", 32, pairs, func(i int) {
		_, err := curve.HashToG1([]byte{31: byte(i)}, []byte("BLS_SIG_BLS12381G1_XMD:SHA-256_DUSK_V2"))
		must(err)
	})
	blsSums(g)
}

func blsSums(g curve.G1Affine) {
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
			pass(blsCurve, op, n, n, func() {
				var sum curve.G1Affine
				_, err := sum.MultiExp(points[:n], scalars[:n], ecc.MultiExpConfig{NbTasks: 1})
				must(err)
			})
		}
	}
}
