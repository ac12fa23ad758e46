package py

func strMethod(string) method { return nil }

func bytesMethod(string) method { return nil }
