package main

import (
	"github.com/consensys/gnark-crypto/ecc"
	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

type claim struct {
	a, c   curve.G1Affine
	b      curve.G2Affine
	inputs []fr.Element
}

// groth16 times e(A, B) e(sum, -gamma) e(C, -delta) = e(alpha, beta), as gnark's verifier computes it with gnark-crypto. The proofs
// need no circuit: with the key's trapdoor known, C solves a b = alpha beta + gamma sum + delta c.
func groth16(g curve.G1Affine, h curve.G2Affine) {
	for _, n := range []int{1, 4, 16} {
		alpha, beta, gamma, delta := random(), random(), random(), random()
		abc := make([]fr.Element, n+1)
		points := make([]curve.G1Affine, n+1)
		for i := range abc {
			abc[i] = random()
			points[i] = onG1(abc[i])
		}
		target, err := curve.Pair([]curve.G1Affine{onG1(alpha)}, []curve.G2Affine{onG2(beta)})
		must(err)
		minusGamma, minusDelta := onG2(gamma), onG2(delta)
		minusGamma.Neg(&minusGamma)
		minusDelta.Neg(&minusDelta)
		claims := make([]claim, distinct)
		for i := range claims {
			a, b, sum := random(), random(), abc[0]
			inputs := make([]fr.Element, n)
			for k := range inputs {
				inputs[k] = random()
				var term fr.Element
				sum.Add(&sum, term.Mul(&inputs[k], &abc[k+1]))
			}
			var c, part fr.Element
			c.Mul(&a, &b)
			c.Sub(&c, part.Mul(&alpha, &beta))
			c.Sub(&c, part.Mul(&gamma, &sum))
			c.Div(&c, &delta)
			claims[i] = claim{onG1(a), onG1(c), onG2(b), inputs}
		}
		each(bnCurve, "groth16_verify", n, claims, func(claim claim) {
			var sum curve.G1Jac
			_, err := sum.MultiExp(points[1:], claim.inputs, ecc.MultiExpConfig{NbTasks: 1})
			must(err)
			sum.AddMixed(&points[0])
			var inputs curve.G1Affine
			inputs.FromJacobian(&sum)
			product, err := curve.Pair(
				[]curve.G1Affine{claim.a, inputs, claim.c}, []curve.G2Affine{claim.b, minusGamma, minusDelta})
			must(err)
			hold(product.Equal(&target), "the equation")
		})
	}
}
