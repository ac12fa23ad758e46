package ssh

import (
	"errors"
	"fmt"
	"regexp"

	xssh "golang.org/x/crypto/ssh"
)

// passwordMethod returns the next attempt by method password: the one of the
// roster once, then what a person types, as often as
// NumberOfPasswordPrompts.
func (a *authenticator) passwordMethod() xssh.AuthMethod {
	fromRoster := a.s.password.IsSet() && a.passwords == 0
	limit := 1
	if a.s.prompt != nil {
		limit = a.s.prompts
	} else if !fromRoster {
		return nil
	}
	if a.passwords >= limit {
		return nil
	}
	a.passwords++
	p := &pendingAttempt{Attempt: Attempt{Method: "password"}}
	a.pending = p
	return xssh.PasswordCallback(func() (string, error) {
		if fromRoster {
			p.What = "of the roster"
			return a.s.password.Reveal(), nil
		}
		given, err := a.asker()(a.ctx, PromptPassword, a.s.user+"@"+a.s.id+"'s password: ")
		if err != nil {
			p.Why = "no password was given: " + err.Error()
			a.passwords = limit // asked and declined: do not ask again
			return "", err
		}
		p.What = "typed"
		return given.Reveal(), nil
	})
}

// The questions of a keyboard-interactive dialogue are free text; a password is
// what a question asks for unless it names something else.
var (
	codeQuestion = regexp.MustCompile(`(?i)code|otp|token|verification|passcode|pin\b|duo|yubi|factor`)
	newPassword  = regexp.MustCompile(`(?i)\b(new|retype|change|changing|expired|current)\b`)
)

// keyboardMethod returns the keyboard-interactive attempt: the password of the
// roster answers a single hidden question for it, and a person answers others.
func (a *authenticator) keyboardMethod() xssh.AuthMethod {
	limit := 1
	if a.s.prompt != nil {
		limit = a.s.prompts
	} else if !a.s.password.IsSet() {
		return nil
	}
	if a.kbdTries >= limit {
		return nil
	}
	a.kbdTries++
	a.lastKbd = nil
	sent := a.kbdTries > 1 // the roster's password was refused before
	rounds := 0
	a.pending = &pendingAttempt{Attempt: Attempt{Method: "keyboard-interactive"}}
	return xssh.KeyboardInteractive(func(name, instruction string, questions []string, echos []bool) ([]string, error) {
		if rounds++; rounds > 10 {
			a.lastKbd = errors.New("the host keeps asking")
			return nil, a.lastKbd
		}
		answers := make([]string, len(questions))
		for i, q := range questions {
			if a.s.password.IsSet() && !sent && !echos[i] && !codeQuestion.MatchString(q) && !newPassword.MatchString(q) {
				sent = true
				answers[i] = a.s.password.Reveal()
				continue
			}
			text := cleanText(q, 200)
			if instruction = cleanText(instruction, 300); instruction != "" {
				text = instruction + " " + text
			}
			if newPassword.MatchString(q) {
				a.lastKbd = fmt.Errorf("the host asks for a new password (%q); log in with ssh and change it", text)
				return nil, a.lastKbd
			}
			ask := a.asker()
			if ask == nil {
				a.lastKbd = fmt.Errorf("the host asks %q and there is nobody to ask", text)
				return nil, a.lastKbd
			}
			given, err := ask(a.ctx, PromptAnswer, "("+a.s.user+"@"+a.s.id+") "+text+" ")
			if err != nil {
				a.lastKbd = fmt.Errorf("no answer was given to %q: %w", text, err)
				a.kbdTries = limit
				return nil, a.lastKbd
			}
			answers[i] = given.Reveal()
		}
		return answers, nil
	})
}
