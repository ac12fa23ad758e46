package archive

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// zipKeys is the state of the traditional encryption of PKZIP (APPNOTE.TXT,
// 6.1), the only one that Python's zipfile knows.
type zipKeys [3]uint32

func newZipKeys(password string) *zipKeys {
	k := &zipKeys{0x12345678, 0x23456789, 0x34567890}
	for i := range len(password) {
		k.update(password[i])
	}
	return k
}

func (k *zipKeys) update(b byte) {
	k[0] = crcByte(k[0], b)
	k[1] = (k[1]+k[0]&0xff)*134775813 + 1
	k[2] = crcByte(k[2], byte(k[1]>>24))
}

func crcByte(crc uint32, b byte) uint32 { return crc32.IEEETable[byte(crc)^b] ^ crc>>8 }

func (k *zipKeys) decrypt(p []byte) {
	for i, c := range p {
		t := uint16(k[2] | 2)
		p[i] = c ^ byte(t*(t^1)>>8)
		k.update(p[i])
	}
}

// decrypter decrypts what it reads.
type decrypter struct {
	r    io.Reader
	keys *zipKeys
}

// Read implements io.Reader.
func (d *decrypter) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.keys.decrypt(p[:n])
	return n, err
}

// openEncrypted opens an encrypted member.
func openEncrypted(e *zip.File, password string) (io.ReadCloser, error) {
	raw, err := e.OpenRaw()
	if err != nil {
		return nil, err
	}
	d := &decrypter{raw, newZipKeys(password)}
	header := make([]byte, 12)
	if _, err := io.ReadFull(d, header); err != nil {
		return nil, errors.New("the encrypted member is cut")
	}
	check := byte(e.CRC32 >> 24)
	if e.Flags&8 != 0 { // the checksum comes behind: the time takes its place
		check = byte(e.ModifiedTime >> 8) //nolint:staticcheck // the field of the archive is meant
	}
	if header[11] != check {
		return nil, fmt.Errorf("Bad password for file '%s'", e.Name) //nolint:staticcheck // Python's text
	}
	var in io.Reader
	switch e.Method {
	case zip.Store:
		in = d
	case zip.Deflate:
		in = flate.NewReader(d)
	default:
		return nil, errors.New("That compression method is not supported") //nolint:staticcheck // Python's text
	}
	return io.NopCloser(&checked{r: in, want: e.CRC32}), nil
}

// checked fails at the end when the checksum is another one.
type checked struct {
	r    io.Reader
	sum  uint32
	want uint32
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	if err == io.EOF && c.sum != c.want {
		err = errors.New("Bad CRC-32") //nolint:staticcheck // Python's text
	}
	return n, err
}
