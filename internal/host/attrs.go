package host

// The attribute flags of Linux file systems (chattr(1)), as Reader.Attrs
// returns them.
const (
	FlagSecureDelete uint32 = 0x00000001 // s
	FlagUndelete     uint32 = 0x00000002 // u
	FlagCompress     uint32 = 0x00000004 // c
	FlagSync         uint32 = 0x00000008 // S
	FlagImmutable    uint32 = 0x00000010 // i
	FlagAppend       uint32 = 0x00000020 // a
	FlagNoDump       uint32 = 0x00000040 // d
	FlagNoAtime      uint32 = 0x00000080 // A
	FlagJournal      uint32 = 0x00004000 // j
	FlagNoTail       uint32 = 0x00008000 // t
	FlagDirSync      uint32 = 0x00010000 // D
	FlagTopDir       uint32 = 0x00020000 // T
	FlagExtents      uint32 = 0x00080000 // e
	FlagNoCow        uint32 = 0x00800000 // C
	FlagDAX          uint32 = 0x02000000 // x
	FlagProject      uint32 = 0x20000000 // P
)

// FlagLetter is chattr's letter of an attribute flag.
type FlagLetter struct {
	Letter byte
	Flag   uint32
}

// FlagLetters returns the letters of the attribute flags, in lsattr's order.
func FlagLetters() []FlagLetter {
	return []FlagLetter{
		{'s', FlagSecureDelete}, {'u', FlagUndelete}, {'S', FlagSync}, {'D', FlagDirSync},
		{'i', FlagImmutable}, {'a', FlagAppend}, {'d', FlagNoDump}, {'A', FlagNoAtime},
		{'c', FlagCompress}, {'j', FlagJournal}, {'t', FlagNoTail}, {'T', FlagTopDir},
		{'e', FlagExtents}, {'C', FlagNoCow}, {'x', FlagDAX}, {'P', FlagProject},
	}
}
