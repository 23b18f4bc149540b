# SPDX-License-Identifier: GPL-2.0-or-later
# Words of a file: regular expressions, hashes, sorting, string building. Prints some figures that depend on all of it.
use strict;
use warnings;

local $/;
open(my $file, '<:raw', $ARGV[0]) or die "$ARGV[0]: $!";
my $text = <$file>;
my (%count, %by_length);
while ($text =~ /([A-Za-z_]{3,20})/g) {
    $count{lc $1}++;
}
for my $word (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count) {
    push @{$by_length{length $word}}, $word;
}
for my $length (sort { $a <=> $b } keys %by_length) {
    my $all = join ' ', @{$by_length{$length}};
    (my $plain = $all) =~ s/[aeiou]+/-/g;
    printf "%d %d %s %d\n", $length, scalar @{$by_length{$length}}, $by_length{$length}[0], unpack('%32C*', $plain);
}
my @sieve = (1) x 200001;
for (my $i = 2; $i * $i <= 200000; $i++) {
    next unless $sieve[$i];
    for (my $j = $i * $i; $j <= 200000; $j += $i) { $sieve[$j] = 0; }
}
my $primes = grep { $sieve[$_] } 2 .. 200000;
print "primes $primes\n";
