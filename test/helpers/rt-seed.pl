#!/usr/bin/perl
# Seeds a private Request Tracker as SystemUser: a queue, an account with exactly the rights that we ask for, one with
# fewer, tokens for both, and tickets. Prints JSON.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT;
RT::LoadConfig();
RT::Init();

my $system = RT->SystemUser;
my $root   = RT::CurrentUser->new($system);
$root->Load('root');

my ( $id, $why );
my $queue = RT::Queue->new($system);
( $id, $why ) = $queue->Create( Name => 'INC', Description => 'Incidents' );
$id or die "queue: $why";

sub account {
    my ( $name, @rights ) = @_;
    my $user = RT::User->new($system);
    my ( $made, $reason ) = $user->Create( Name => $name, EmailAddress => "$name\@test.invalid", Privileged => 1 );
    $made or die "user: $reason";
    for my $right (@rights) {
        my ( $granted, $no ) = $user->PrincipalObj->GrantRight( Right => $right, Object => $queue );
        $granted or die "right $right: $no";
    }
    my $token = RT::AuthToken->new($system);
    my ( $ok, $problem, $secret ) = $token->Create( Owner => $user->id, Description => $name );
    $secret or die "token: $problem";
    return $secret;
}

my $token = account( 'exhibit', qw(ShowTicket SeeQueue CommentOnTicket ShowTicketComments ModifyTicket) );
my $weak  = account( 'reader', qw(ShowTicket SeeQueue) );

my @tickets;
for my $subject ( 'p99 4x', 'closed long ago', map {"another $_"} 1 .. ( $ENV{EXHIBIT_TEST_TICKETS} // 1 ) ) {
    my $ticket = RT::Ticket->new($root);
    my ( $number, undef, $reason ) = $ticket->Create( Queue => 'INC', Subject => $subject, Requestor => 'root@localhost' );
    $number or die "ticket: $reason";
    push @tickets, $number;
}
my $closed = RT::Ticket->new($root);
$closed->Load( $tickets[1] );
$closed->SetStatus('resolved');

print qq({"token":"$token","weak":"$weak","tickets":[), join( ',', @tickets ), qq(]}\n);
