package unixcrypt

import "testing"

func TestHashPassword(t *testing.T) {
	for _, c := range []struct{ name, password, salt, algorithm, want string }{
		{"sha512 6 characters 1", "secret", "abcdefgh", "sha512", "$6$abcdefgh$ltjgWl6579NluT/Vi1nwEvcil.G5Nbc4NiXZaNGStk8PSwGfQv72N2CKPPrVACtLtip/cZ/1GM/O6IND4WQhG."},
		{"sha512 6 characters 2", "secret", "saltstringsaltstring", "sha512", "$6$saltstringsaltst$UXuBvBuPfQU4z1.hi3CoNXH4C7ulNXpsepRT322IE4RHFhcT/ge6WV1Wz4Ryq8EGyu0hllpHMecmXcc/Pudmo."},
		{"sha512 6 characters 3", "secret", "rounds=1400$anotherlongsaltstring", "sha512", "$6$rounds=1400$anotherlongsalts$Twf2eP6WMY29NT9yg1Nff0x6Ul/TWD9vkV2VVPyEX7uifmXI0FHGx3rX27ttfZtfB9phxv3003yyBPq3nGFb8."},
		{"sha256 6 characters 4", "secret", "abcdefgh", "sha256", "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM."},
		{"sha256 6 characters 5", "secret", "saltstringsaltstring", "sha256", "$5$saltstringsaltst$fs5bkP34Ya66vag52qIwKHT7mKZC6.7Eyv0HoCr0Jo8"},
		{"sha256 6 characters 6", "secret", "rounds=1400$anotherlongsaltstring", "sha256", "$5$rounds=1400$anotherlongsalts$hA9phAhHgeqcKTycY/LRKamQM18d5P2uD0VRrWGWMX6"},
		{"md5 6 characters 7", "secret", "abcdefgh", "md5", "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1"},
		{"md5 6 characters 8", "secret", "saltstringsaltstring", "md5", "$1$saltstri$WHZcnT3IOdSrMvizOq7Ht1"},
		{"sha512 0 characters 9", "", "abcdefgh", "sha512", "$6$abcdefgh$v7sYNA18/BerGOYQLppYLyjH4yJilp8kqe/ef3KYMK9hOIdzH1yzcmP74Ay.m51y1jP3QqxM7Jl75S4CxDhBq."},
		{"sha512 0 characters 10", "", "saltstringsaltstring", "sha512", "$6$saltstringsaltst$mF.lV5IMswQVU8GZ/VfE3B4FofDTMTejz7bcl0fJ8pWP1XGeFTkx.SaUuOeq7PK3tr8wJN.pIG6v6Dl3jM1ag0"},
		{"sha256 0 characters 11", "", "abcdefgh", "sha256", "$5$abcdefgh$mnv0N8gJGuJiQCFVlADjwwxPyRiUO8rGuljjETTLqw9"},
		{"sha256 0 characters 12", "", "saltstringsaltstring", "sha256", "$5$saltstringsaltst$fZ6M5HzkVbdG/lB/Id.WJL8Z4MwBAkXlboKmx8NceL8"},
		{"md5 0 characters 13", "", "abcdefgh", "md5", "$1$abcdefgh$M55TzYaaccxVGbptZWaxX/"},
		{"md5 0 characters 14", "", "saltstringsaltstring", "md5", "$1$saltstri$ciR2otLVXV8I9sOPWbLTc1"},
		{"sha512 1 characters 15", "a", "abcdefgh", "sha512", "$6$abcdefgh$GjMgmmowSihU3X8xhdMxaCaEziO5NUh/IZqYnnZhN1j7.JYnm2e5BnPfWNUdj17OlEroBdrPtMnfsmwWCrkw70"},
		{"sha512 1 characters 16", "a", "saltstringsaltstring", "sha512", "$6$saltstringsaltst$V1bh5AHnO3DyboxHV1xFR.ZTBMQwPKb/sYKJwWCI0cb45VrOhnf0a5zVHniCe0J7RFPjPafO68RNA8if98eul1"},
		{"sha256 1 characters 17", "a", "abcdefgh", "sha256", "$5$abcdefgh$GzAL/HPD/MYJIjVUUnvBTiqueLrt/LVxJEZtz0qaNX2"},
		{"sha256 1 characters 18", "a", "saltstringsaltstring", "sha256", "$5$saltstringsaltst$37CelltD6iMn9nFf.xJrAnACdAdHwtWz5Z4YML7HKcB"},
		{"md5 1 characters 19", "a", "abcdefgh", "md5", "$1$abcdefgh$jUYc1Xi7pkozuzWQ0Dft71"},
		{"md5 1 characters 20", "a", "saltstringsaltstring", "md5", "$1$saltstri$HP4ANLG0Ln2mcWmFUeETo."},
		{"sha512 8 characters 21", "pässwörd", "abcdefgh", "sha512", "$6$abcdefgh$qlUjQo8xiC5dmwOr49rtm.DQdv9onQYoWr0dgDR2SqMkw1296.hIZnRd/ltg71cpfDQGxCw0Bli1kXypCoIxg0"},
		{"sha512 8 characters 22", "pässwörd", "saltstringsaltstring", "sha512", "$6$saltstringsaltst$hAiFF6dzq0Xx/uIVY7vjHFn.3tyWrcLpQmbjQD5feGHNLf.8XBH1OfsSlwcmLpLzcI2divqAFD0dtzCyZCekW1"},
		{"sha256 8 characters 23", "pässwörd", "abcdefgh", "sha256", "$5$abcdefgh$vl6a2mAodUYEe3Mhai26AyjORet86eVRC5bBAu6c/n9"},
		{"sha256 8 characters 24", "pässwörd", "saltstringsaltstring", "sha256", "$5$saltstringsaltst$n0Avg6tVLRxDQGGlqCTrO8BwlXXYk9mkAru5YH25m62"},
		{"md5 8 characters 25", "pässwörd", "abcdefgh", "md5", "$1$abcdefgh$xYuxUFvxUOR4Pd6a7EeUS0"},
		{"md5 8 characters 26", "pässwörd", "saltstringsaltstring", "md5", "$1$saltstri$k6fkWv7SA1Y5Xb2m0E34n/"},
		{"sha512 70 characters 27", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abcdefgh", "sha512", "$6$abcdefgh$Nvk31TZoEuTUq.MkdUx.GD6fBjYTEdPeTnNMiXgmXEWIVcWa7UP3XG/WNbNPQ2jsb6gGqGU9Q83PpnzMBZMox."},
		{"sha512 70 characters 28", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "saltstringsaltstring", "sha512", "$6$saltstringsaltst$Q19Pk7QgqyH2wCETucELuaWMNtplciIgtVbE6ttvDgffR03hko23OxmKgMTh1FX62uxA5hX1a9pzzKdYOiuyy0"},
		{"sha256 70 characters 29", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abcdefgh", "sha256", "$5$abcdefgh$lZK56QNQPN6R4.IHMn4/mfyfL52QchLo7qGrBRL5dp0"},
		{"sha256 70 characters 30", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "saltstringsaltstring", "sha256", "$5$saltstringsaltst$Pq9ov2Vo62COYoeHnXGny2arFfqFSynnfJ9xyjs7ZX7"},
		{"md5 70 characters 31", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abcdefgh", "md5", "$1$abcdefgh$qZQJZIj/wBFysso0hpBg61"},
		{"md5 70 characters 32", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "saltstringsaltstring", "md5", "$1$saltstri$wTue4NSfcUrD69W9aekZD0"},
		{"sha512 128 characters 33", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abcdefgh", "sha512", "$6$abcdefgh$sMOm3puw0ZS/HpgepVudnKRyIf0rnJzWXcSIR6pUNtrZtVqDrqGK/vVOdQ6rd0vCnDlojFyCyW0UARLn6Mq7e."},
		{"sha512 128 characters 34", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "saltstringsaltstring", "sha512", "$6$saltstringsaltst$LldrIb/bvg8WaSdA3ht5.RXB4vY/ObExZLM7Uj6AG7b8sXqIFpYhDH3wNykM0Ideqav8Ai1rIOjBdeJ4cFtHG."},
		{"sha256 128 characters 35", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abcdefgh", "sha256", "$5$abcdefgh$rQPqAqtL6k3QbKtTTKVA8DR5kMVqZvXf5loMTmQBjB1"},
		{"sha256 128 characters 36", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "saltstringsaltstring", "sha256", "$5$saltstringsaltst$g.uAEjSjwtyqqOQpBgLGUE8q9LkQ1wjZ.AN.MZL0tQ6"},
		{"md5 128 characters 37", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "abcdefgh", "md5", "$1$abcdefgh$Viz8Df7O0F7EBe0RbtkBm/"},
		{"md5 128 characters 38", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "saltstringsaltstring", "md5", "$1$saltstri$Ay0dJbKuHTn2aWXdvVhwM1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Hash(c.password, c.salt, c.algorithm)
			if err != nil || got != c.want {
				t.Errorf("hash = %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestRehash(t *testing.T) {
	first, err := Rehash("secret", "!")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Rehash("secret", first)
	if err != nil || again != first {
		t.Errorf("the same password gives %q after %q (%v)", again, first, err)
	}
	other, err := Rehash("Secret", first)
	if err != nil || other == first {
		t.Errorf("another password gives the same hash (%v)", err)
	}
}

func TestHashPasswordRefuses(t *testing.T) {
	for name, c := range map[string][3]string{
		"algorithm": {"x", "", "blowfish"}, "NUL": {"a\x00b", "", ""}, "colon in salt": {"a", "x:y", ""}, "rounds": {"a", "rounds=99999999999$x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Hash(c[0], c[1], c[2]); err == nil {
				t.Errorf("hash = %q, want an error", got)
			}
		})
	}
}
