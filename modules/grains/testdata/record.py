"""Records distros.json: what Salt's own functions make of the files that name a Linux distribution.

    PYTHON record.py > distros.json

PYTHON is one that has Salt 3008.3. The texts below are written for this test; each case is a set of files below /etc
and the grains os, os_family, osfullname, oscodename, osrelease, osrelease_info, osmajorrelease, osfinger and
lsb_distrib_* that follow. The Python module lsb_release and the program of that name are taken not to be there.
"""

import builtins
import json
import os
import platform
import sys
import tempfile

import distro
import salt.grains.core as core
import salt.utils.files
import salt.utils.platform


def release(**kw):
    return "".join(f'{k}="{v}"\n' for k, v in kw.items())


def osr(NAME, ID, PRETTY_NAME, **kw):
    return {"os-release": release(NAME=NAME, ID=ID, PRETTY_NAME=PRETTY_NAME, **kw)}


CASES = {
    "debian 12": osr("Debian GNU/Linux", "debian", "Debian GNU/Linux 12 (bookworm)", VERSION_ID="12", VERSION="12 (bookworm)", VERSION_CODENAME="bookworm") | {"debian_version": "12.7\n"},
    "debian 9": osr("Debian GNU/Linux", "debian", "Debian GNU/Linux 9 (stretch)", VERSION_ID="9", VERSION="9 (stretch)") | {"debian_version": "9.13\n"},
    "debian testing": osr("Debian GNU/Linux", "debian", "Debian GNU/Linux forky/sid") | {"debian_version": "forky/sid\n"},
    "debian testing with codename": osr("Debian GNU/Linux", "debian", "Debian GNU/Linux trixie/sid", VERSION_CODENAME="trixie") | {"debian_version": "trixie/sid\n"},
    "ubuntu 22.04": osr("Ubuntu", "ubuntu", "Ubuntu 22.04.4 LTS", VERSION_ID="22.04", VERSION="22.04.4 LTS (Jammy Jellyfish)", VERSION_CODENAME="jammy", ID_LIKE="debian", UBUNTU_CODENAME="jammy") | {"lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04.4 LTS\"\n", "debian_version": "bookworm/sid\n"},
    "ubuntu without lsb-release": osr("Ubuntu", "ubuntu", "Ubuntu 24.04 LTS", VERSION_ID="24.04", VERSION="24.04 LTS (Noble Numbat)", VERSION_CODENAME="noble", ID_LIKE="debian"),
    "ubuntu 14.04": osr("Ubuntu", "ubuntu", "Ubuntu 14.04.6 LTS", VERSION_ID="14.04", VERSION="14.04.6 LTS, Trusty Tahr", ID_LIKE="debian") | {"lsb-release": "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\nDISTRIB_DESCRIPTION=\"Ubuntu 14.04.6 LTS\"\n"},
    "mint": osr("Linux Mint", "linuxmint", "Linux Mint 21.3", VERSION_ID="21.3", VERSION="21.3 (Virginia)", VERSION_CODENAME="virginia", ID_LIKE="ubuntu debian", UBUNTU_CODENAME="jammy") | {"lsb-release": "DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=21.3\nDISTRIB_CODENAME=virginia\nDISTRIB_DESCRIPTION=\"Linux Mint 21.3 Virginia\"\n"},
    "pop": osr("Pop!_OS", "pop", "Pop!_OS 22.04 LTS", VERSION_ID="22.04", VERSION="22.04 LTS", VERSION_CODENAME="jammy", ID_LIKE="ubuntu debian"),
    "raspbian": osr("Raspbian GNU/Linux", "raspbian", "Raspbian GNU/Linux 11 (bullseye)", VERSION_ID="11", VERSION="11 (bullseye)", VERSION_CODENAME="bullseye", ID_LIKE="debian"),
    "devuan": osr("Devuan GNU/Linux", "devuan", "Devuan GNU/Linux 5 (daedalus)", VERSION_ID="5", VERSION="5 (daedalus)", VERSION_CODENAME="daedalus", ID_LIKE="debian"),
    "kali": osr("Kali GNU/Linux", "kali", "Kali GNU/Linux Rolling", VERSION_ID="2024.2", VERSION="2024.2", VERSION_CODENAME="kali-rolling", ID_LIKE="debian"),
    "astra orel": osr("Astra Linux (Orel)", "astra", "Astra Linux (Orel 2.12.43)", VERSION_ID="2.12.43", VARIANT_ID="orel", ID_LIKE="debian"),
    "astra smolensk": osr("Astra Linux (Smolensk)", "astra", "Astra Linux (Smolensk 1.6)", VERSION_ID="1.6", VARIANT_ID="smolensk", ID_LIKE="debian"),
    "mendel": osr("Mendel GNU/Linux", "mendel", "Mendel GNU/Linux 5 (Eagle)", VERSION_CODENAME="eagle", ID_LIKE="debian"),
    "neon": osr("KDE neon", "neon", "KDE neon User Edition 5.27", VERSION_ID="22.04", VERSION="5.27", VERSION_CODENAME="jammy", ID_LIKE="ubuntu debian"),
    "unknown derivative": osr("Weird Linux", "weird", "Weird Linux 3 (Odd)", VERSION_ID="3", VERSION="3 (Odd)", ID_LIKE="debian"),
    "fedora 40": osr("Fedora Linux", "fedora", "Fedora Linux 40 (Server Edition)", VERSION_ID="40", VERSION="40 (Server Edition)", VERSION_CODENAME="", CPE_NAME="cpe:/o:fedoraproject:fedora:40") | {"fedora-release": "Fedora release 40 (Forty)\n", "redhat-release": "Fedora release 40 (Forty)\n"},
    "fedora 31": osr("Fedora", "fedora", "Fedora 31 (Thirty One)", VERSION_ID="31", VERSION="31 (Thirty One)", VERSION_CODENAME=""),
    "centos 7": osr("CentOS Linux", "centos", "CentOS Linux 7 (Core)", VERSION_ID="7", VERSION="7 (Core)", ID_LIKE="rhel fedora", CPE_NAME="cpe:/o:centos:centos:7") | {"centos-release": "CentOS Linux release 7.9.2009 (Core)\n", "redhat-release": "CentOS Linux release 7.9.2009 (Core)\n"},
    "centos 8": osr("CentOS Linux", "centos", "CentOS Linux 8", VERSION_ID="8", VERSION="8", ID_LIKE="rhel fedora") | {"centos-release": "CentOS Linux release 8.4.2105\n"},
    "centos 6": {"centos-release": "CentOS release 6.10 (Final)\n", "redhat-release": "CentOS release 6.10 (Final)\n"},
    "centos stream 9": osr("CentOS Stream", "centos", "CentOS Stream 9", VERSION_ID="9", VERSION="9", ID_LIKE="rhel fedora") | {"centos-release": "CentOS Stream release 9\n"},
    "rhel 9": osr("Red Hat Enterprise Linux", "rhel", "Red Hat Enterprise Linux 9.4 (Plow)", VERSION_ID="9.4", VERSION="9.4 (Plow)", ID_LIKE="fedora", CPE_NAME="cpe:/o:redhat:enterprise_linux:9::baseos") | {"redhat-release": "Red Hat Enterprise Linux release 9.4 (Plow)\n"},
    "rhel 7": osr("Red Hat Enterprise Linux Server", "rhel", "Red Hat Enterprise Linux Server 7.9 (Maipo)", VERSION_ID="7.9", VERSION="7.9 (Maipo)", ID_LIKE="fedora"),
    "rocky 9": osr("Rocky Linux", "rocky", "Rocky Linux 9.4 (Blue Onyx)", VERSION_ID="9.4", VERSION="9.4 (Blue Onyx)", ID_LIKE="rhel centos fedora") | {"rocky-release": "Rocky Linux release 9.4 (Blue Onyx)\n"},
    "alma 8": osr("AlmaLinux", "almalinux", "AlmaLinux 8.10 (Cerulean Leopard)", VERSION_ID="8.10", VERSION="8.10 (Cerulean Leopard)", ID_LIKE="rhel centos fedora"),
    "oracle 8": osr("Oracle Linux Server", "ol", "Oracle Linux Server 8.10", VERSION_ID="8.10", VERSION="8.10", ID_LIKE="fedora", VARIANT="Server"),
    "amazon 2": osr("Amazon Linux", "amzn", "Amazon Linux 2", VERSION_ID="2", VERSION="2", ID_LIKE="centos rhel fedora", CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2"),
    "amazon 1": osr("Amazon Linux AMI", "amzn", "Amazon Linux AMI 2018.03", VERSION_ID="2018.03", VERSION="2018.03", ID_LIKE="rhel fedora"),
    "amazon 2023": osr("Amazon Linux", "amzn", "Amazon Linux 2023", VERSION_ID="2023", VERSION="2023", ID_LIKE="fedora", CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2023"),
    "cloudlinux": osr("CloudLinux", "cloudlinux", "CloudLinux 8.10 (Vladimir Aksyonov)", VERSION_ID="8.10", VERSION="8.10 (Vladimir Aksyonov)", ID_LIKE="rhel fedora centos"),
    "openeuler": osr("openEuler", "openEuler", "openEuler 22.03 (LTS-SP2)", VERSION_ID="22.03", VERSION="22.03 (LTS-SP2)"),
    "photon": osr("VMware Photon OS", "photon", "VMware Photon OS/Linux", VERSION_ID="5.0", VERSION="5.0"),
    "opensuse leap": osr("openSUSE Leap", "opensuse-leap", "openSUSE Leap 15.6", VERSION_ID="15.6", VERSION="15.6", ID_LIKE="suse opensuse", CPE_NAME="cpe:/o:opensuse:leap:15.6"),
    "opensuse tumbleweed": osr("openSUSE Tumbleweed", "opensuse-tumbleweed", "openSUSE Tumbleweed", VERSION_ID="20240715", ID_LIKE="opensuse suse", CPE_NAME="cpe:2.3:o:opensuse:tumbleweed:20240715:*:*:*:*:*:*:*"),
    "sles 15": osr("SLES", "sles", "SUSE Linux Enterprise Server 15 SP5", VERSION_ID="15.5", VERSION="15-SP5", ID_LIKE="suse", CPE_NAME="cpe:/o:suse:sles:15:sp5"),
    "sles 12 sap": osr("SLES_SAP", "sles_sap", "SUSE Linux Enterprise Server for SAP Applications 12 SP5", VERSION_ID="12.5", VERSION="12-SP5", CPE_NAME="cpe:/o:suse:sles_sap:12:sp5"),
    "sles 11": {"SuSE-release": "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"},
    "sl micro": osr("SLES", "sles", "SUSE Linux Enterprise Server 16.0", VERSION_ID="16.0", VERSION="16.0", ID_LIKE="suse", CPE_NAME="cpe:/o:suse:sles:16:16.0", SUSE_SUPPORT_PRODUCT="SUSE Linux Micro", SUSE_SUPPORT_PRODUCT_VERSION="6.2"),
    "arch": osr("Arch Linux", "arch", "Arch Linux", BUILD_ID="rolling"),
    "arch with lsb-release": osr("Arch Linux", "arch", "Arch Linux", BUILD_ID="rolling") | {"lsb-release": "DISTRIB_ID=\"Arch\"\nDISTRIB_RELEASE=\"rolling\"\nDISTRIB_DESCRIPTION=\"Arch Linux\"\n"},
    "antergos": osr("Antergos Linux", "antergos", "Antergos Linux", ID_LIKE="arch") | {"lsb-release": "DISTRIB_ID=Arch\nDISTRIB_RELEASE=18.7\nDISTRIB_DESCRIPTION=\"Antergos Linux\"\n"},
    "manjaro": osr("Manjaro Linux", "manjaro", "Manjaro Linux", ID_LIKE="arch") | {"lsb-release": "DISTRIB_ID=\"ManjaroLinux\"\nDISTRIB_RELEASE=\"24.0.1\"\nDISTRIB_CODENAME=\"Wynsdey\"\nDISTRIB_DESCRIPTION=\"Manjaro Linux\"\n"},
    "endeavouros": osr("EndeavourOS", "endeavouros", "EndeavourOS", ID_LIKE="arch", BUILD_ID="2024.04.20"),
    "alpine": osr("Alpine Linux", "alpine", "Alpine Linux v3.20", VERSION_ID="3.20.1") | {"alpine-release": "3.20.1\n"},
    "gentoo": osr("Gentoo", "gentoo", "Gentoo Linux", VERSION_ID="2.15") | {"gentoo-release": "Gentoo Base System release 2.15\n"},
    "void": osr("Void", "void", "Void Linux"),
    "nixos": osr("NixOS", "nixos", "NixOS 24.05 (Uakari)", VERSION_ID="24.05", VERSION="24.05 (Uakari)", VERSION_CODENAME="uakari"),
    "alt": osr("ALT Server", "altlinux", "ALT Server 10.2 (Mendelevium)", VERSION_ID="10.2", VERSION="10.2"),
    "old alt": {"altlinux-release": "ALT Linux 9.0 (Centaurea)\n"},
    "slackware": osr("Slackware", "slackware", "Slackware 15.0 x86_64", VERSION_ID="15.0", VERSION="15.0") | {"slackware-version": "Slackware 15.0\n"},
    "univention": osr("Univention", "univention-corporate-server", "Univention Corporate Server 5.0-7", VERSION_ID="5.0-7", VERSION="5.0-7 (Muette)"),
    "no files": {},
    "empty os-release": {"os-release": ""},
    "odd quotes": {"os-release": "NAME='Odd Linux'\nID=odd\nPRETTY_NAME=\"Odd \\\"Linux\\\" \\$1\"\nVERSION_ID=1.2\n# comment\n  INDENTED=1\nBROKEN\n"},
    "only redhat-release": {"redhat-release": "Scientific Linux release 6.10 (Carbon)\n"},
    "oracle 6": {"oracle-release": "Oracle Linux Server release 6.10\n", "redhat-release": "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n"},
    "lsb only": {"lsb-release": "DISTRIB_ID='Mageia'\nDISTRIB_RELEASE=9\nDISTRIB_CODENAME=(none)\nDISTRIB_DESCRIPTION=\"Mageia 9 (x)\"\n"},
    "nilrt": osr("nilrt", "nilrt", "NI Linux Real-Time 8.9", VERSION_ID="8.9") | {"lsb-release": "DISTRIB_ID=nilrt\nDISTRIB_RELEASE=8.9\nDISTRIB_CODENAME=hardknott\n"},
    "poky": osr("Poky (Yocto Project Reference Distro)", "poky", "Poky (Yocto Project Reference Distro) 4.0", VERSION_ID="4.0", VERSION="4.0 (kirkstone)"),
}


def record(files):
    with tempfile.TemporaryDirectory() as root:
        os.mkdir(root + "/etc")
        for name, text in files.items():
            with open(f"{root}/etc/{name}", "w") as f:
                f.write(text)

        def inside(path):
            return root + path if isinstance(path, str) and path.startswith("/etc") else path

        def os_release():
            try:
                with open(root + "/etc/os-release", encoding="utf-8") as f:
                    return platform._parse_os_release(f)
            except FileNotFoundError:
                raise OSError("no os-release")

        real_isfile, real_fopen = os.path.isfile, salt.utils.files.fopen
        core._freedesktop_os_release = os_release
        distro.distro._distro = distro.LinuxDistribution(os_release_file=root + "/etc/os-release", include_lsb=False, include_uname=True)
        d = distro.distro._distro
        d.etc_dir = root + "/etc"
        os.path.isfile = lambda p: real_isfile(p if str(p).startswith(root) else inside(p))
        salt.utils.files.fopen = lambda p, *a, **k: real_fopen(inside(p), *a, **k)
        try:
            grains = core._linux_distribution_data()
            if grains.get("osrelease"):
                grains.update(core._osrelease_data(grains["os"], grains["osfullname"], grains["osrelease"]))
        finally:
            os.path.isfile, salt.utils.files.fopen = real_isfile, real_fopen
    return grains


def main():
    if "lsb_release" in sys.modules:
        sys.exit("lsb_release is there")
    real = builtins.__import__
    builtins.__import__ = lambda name, *a, **k: (_ for _ in ()).throw(ImportError(name)) if name == "lsb_release" else real(name, *a, **k)
    out = [{"name": n, "files": {"/etc/" + k: v for k, v in f.items()}, "grains": record(f)} for n, f in CASES.items()]
    json.dump({"comment": "Recorded by record.py from Salt 3008.3.", "cases": out}, sys.stdout, indent=1)
    print()


main()
