def cases(campaigns):
    pass
