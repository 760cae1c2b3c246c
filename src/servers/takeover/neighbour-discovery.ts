import type { NetworkInterface } from "./network-interface.ts";

/**
 * IPv6 has no arping: two small programs for perl, which every Debian has. Their arguments are data, never text of
 * the program. RFC 4861, 4.3 and 4.4 give the messages; the kernel computes the checksums (RFC 3542, 3.1).
 */
const common = `
use strict; use warnings; use Socket qw(:all); use Errno; $| = 1;
my ($if, $index, $hardware, $address, $times, $seconds) = @ARGV;
my $target = inet_pton(AF_INET6, $address) or die "$address is no IPv6 address\\n";
my $mac = pack("H*", join("", $hardware =~ /[0-9a-f]{2}/gi));
socket(my $s, AF_INET6, SOCK_RAW, 58) or die "no raw socket: $!\\n";
setsockopt($s, 41, 18, pack("i", 255)) or die "hop limit: $!\\n";
setsockopt($s, 41, 16, pack("i", 255)) or die "hop limit: $!\\n";
setsockopt($s, 41, 17, pack("i", $index)) or die "interface: $!\\n";
setsockopt($s, SOL_SOCKET, 25, "$if\\0") or die "interface: $!\\n";
`;

/** Arguments: as `neighbourArguments` gives them. Unsolicited advertisements with the override flag. */
export const announceScript = `${common}
bind($s, pack_sockaddr_in6(0, $target)) or die "bind: $!\\n";
my $all = pack_sockaddr_in6(0, inet_pton(AF_INET6, "ff02::1"), $index);
my $message = pack("CCnN", 136, 0, 0, 0x20000000) . $target . pack("CC", 2, 1) . $mac;
for my $n (1 .. $times) {
  defined(send($s, $message, 0, $all)) or die "send: $!\\n";
  print "sent\\n";
  select(undef, undef, undef, $seconds) if $n < $times;
}
`;

/** Arguments: as `neighbourArguments` gives them. Prints \`in use by MAC\` or \`free\`. */
export const duplicateScript = `${common}
my $group = inet_pton(AF_INET6, "ff02::1:ff00:0"); substr($group, 13, 3) = substr($target, 13, 3);
my $to = pack_sockaddr_in6(0, $group, $index);
my $message = pack("CCnN", 135, 0, 0, 0) . $target . pack("CC", 1, 1) . $mac;
my $set = ""; vec($set, fileno($s), 1) = 1;
for my $n (1 .. $times) {
  # An interface that has just come up has no address of its own to ask from for a second or two.
  for my $try (1 .. 30) {
    last if defined(send($s, $message, 0, $to));
    die "send: $!\\n" if $try == 30 || !$!{EADDRNOTAVAIL};
    select(undef, undef, undef, 0.1);
  }
  my $left = $seconds;
  while ($left > 0) {
    my ($found, $rest) = select(my $ready = $set, undef, undef, $left);
    last if !$found;
    $left = $rest;
    defined(recv($s, my $answer, 2048, 0)) or next;
    next if length($answer) < 24 || ord($answer) != 136 || substr($answer, 8, 16) ne $target;
    my $owner = length($answer) < 32 ? "?" : join(":", map { sprintf "%02x", $_ } unpack("C6", substr($answer, 26, 6)));
    print "in use by $owner\\n"; exit 0;
  }
}
print "free\\n";
`;

/** What both programs are given. */
export function neighbourArguments(
  on: NetworkInterface,
  address: string,
  times: number,
  seconds: number,
): readonly string[] {
  return [on.name, String(on.index), on.hardware, address, String(times), String(seconds)];
}
