// Command floor logs in to every host of a list at once and runs `true` on
// each: the least that any tool that works over SSH must spend. Standard input
// has one host a line, ADDR:PORT; the argument is the private key file.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"
)

func main() {
	if err := work(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func work(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: floor KEYFILE <hosts")
	}
	data, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	config := &ssh.ClientConfig{
		User:            "root",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // machines of the lab, on loopback
		Timeout:         30 * time.Second,
	}
	var hosts []string
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		hosts = append(hosts, lines.Text())
	}
	if err := lines.Err(); err != nil {
		return err
	}
	start := time.Now()
	group, _ := errgroup.WithContext(ctx)
	for _, host := range hosts {
		group.Go(func() error { return visit(host, config) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	fmt.Printf("floor: %d hosts in %.3f s\n", len(hosts), time.Since(start).Seconds())
	return nil
}

func visit(host string, config *ssh.ClientConfig) (err error) {
	conn, err := ssh.Dial("tcp", host, config)
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	defer conn.Close()
	session, err := conn.NewSession()
	if err != nil {
		return fmt.Errorf("%s: %w", host, err)
	}
	if err := session.Run("true"); err != nil {
		return fmt.Errorf("%s: true: %w", host, err)
	}
	return nil
}
