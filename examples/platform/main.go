package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const usage = `usage: platform [--provider NAME] COMMAND
  put COURSE.json             create a course or change it
  delete ID                   delete a course
  snapshot SCHEDULE.json [N]  tell everything that is planned; N removals are meant
  follow FEED.json [once]     keep what calendars say in a file; until interrupted, or once
  hooks ADDRESS               listen to webhooks
  availability TRAINER START END
                              a trainer's time; START and END in RFC 3339
GATEWAY_URL, GATEWAY_TOKEN and HOOK_SECRET say where the gateway is and what is shared with it`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("platform", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintln(flags.Output(), usage) }
	provider := flags.String("provider", "northwind", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c := &client{
		url: cmp.Or(os.Getenv("GATEWAY_URL"), "http://127.0.0.1:8642"), token: os.Getenv("GATEWAY_TOKEN"),
		provider: *provider, http: &http.Client{Timeout: 2 * time.Minute},
	}
	args = append(flags.Args(), "", "", "", "")
	switch command, rest := args[0], flags.NArg()-1; {
	case command == "put" && rest == 1:
		return put(ctx, c, args[1], out)
	case command == "delete" && rest == 1:
		return c.deleteCourse(ctx, args[1])
	case command == "snapshot" && (rest == 1 || rest == 2):
		return takeSnapshot(ctx, c, args[1], args[2], out)
	case command == "follow" && (rest == 1 || rest == 2 && args[2] == "once"):
		return c.follow(ctx, args[1], args[2] == "once", func(e entry) {
			fmt.Fprintf(out, "%d %s %s %s\n", e.Position, e.Op, e.Trainer, e.ID)
		})
	case command == "hooks" && rest == 1:
		return listen(ctx, args[1], out)
	case command == "availability" && rest == 3:
		return show(ctx, c, args[1], args[2], args[3], out)
	}
	return errors.New(usage)
}

func put(ctx context.Context, c *client, file string, out io.Writer) error {
	course, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	id, err := c.putCourse(ctx, course)
	if answered(err, http.StatusPreconditionFailed) {
		return fmt.Errorf("course %s was changed by somebody else at this moment: look again and repeat", id)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "course %s is with the gateway\n", id)
	return err
}

func takeSnapshot(ctx context.Context, c *client, file, allow string, out io.Writer) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s schedule
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	n, err := strconv.Atoi(cmp.Or(allow, "0"))
	if err != nil {
		return errors.New(usage)
	}
	result, err := c.snapshot(ctx, s, n)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", result)
	return err
}

func show(ctx context.Context, c *client, trainer, from, to string, out io.Writer) error {
	start, err := time.Parse(time.RFC3339, from)
	end, also := time.Parse(time.RFC3339, to)
	if err := errors.Join(err, also); err != nil {
		return err
	}
	return c.availability(ctx, out, trainer, start, end)
}

// listen serves until ctx ends.
func listen(ctx context.Context, address string, out io.Writer) error {
	handler, err := hooks(os.Getenv("HOOK_SECRET"), func(id string, message []byte) { fmt.Fprintf(out, "%s %s\n", id, message) })
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	fmt.Fprintf(out, "listening at http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
