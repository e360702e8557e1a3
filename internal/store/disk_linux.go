package store

import "syscall"

// networkFilesystems are the magic numbers of statfs(2) behind which a write may live on another machine, where
// SQLite's locks and shared memory cannot be trusted.
var networkFilesystems = map[uint32]string{
	0x6969: "NFS", 0x517b: "SMB", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x01021997: "9P", 0x65735546: "FUSE",
	0x5346414f: "AFS", 0x6b414653: "AFS", 0x00c36400: "Ceph", 0x0bd00bd0: "Lustre", 0x01161970: "GFS2",
	0x7461636f: "OCFS2", 0x73757245: "Coda", 0x564c: "NCP", 0x47504653: "GPFS", 0x19830326: "BeeGFS", 0x786f4256: "VirtualBox",
}

// networkFilesystem names the network file system that dir is on, "" for a local one.
func networkFilesystem(dir string) (string, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return "", err
	}
	return networkFilesystems[uint32(s.Type)], nil //nolint:gosec // magic numbers are 32 bits
}
